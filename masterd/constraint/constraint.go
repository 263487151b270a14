// Package constraint is the offer constraints of frameworks: which agents, by their attributes, host names and fault domains,
// a framework wants offers of in a role (spec 2.2.3). It owns their rules and what they mean, and is pure; masterd/allocator
// asks it, and knows nothing of attributes. A Set is never changed. Start reading at Parse.
package constraint

import (
	"fmt"
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
)

// Set is the constraints of one framework. The nil Set has none.
type Set struct {
	proto *scheduler.OfferConstraints
	roles map[string][]group
}

// group holds if all of it do.
type group []func(*mesosv1.AgentInfo) bool

// The limits of a regular expression, as Mesos has them by default (spec 4.1).
const (
	maxPattern = 4096
	maxProgram = 100
)

// Parse reads constraints; roles are the framework's. It answers nil for none.
func Parse(wire *scheduler.OfferConstraints, roles []string) (*Set, error) {
	if len(wire.GetRoleConstraints()) == 0 {
		return nil, nil
	}
	s := &Set{proto: wire, roles: map[string][]group{}}
	for _, role := range slices.Sorted(maps.Keys(wire.GetRoleConstraints())) {
		if !slices.Contains(roles, role) {
			return nil, fault.New(fault.Invalid, "Offer constraints specify `role_constraints` for a role '%s' not contained in the set of roles", role)
		}
		list := wire.GetRoleConstraints()[role].GetGroups()
		if len(list) == 0 {
			return nil, fault.New(fault.Invalid, "Offer constraints for role '%s' are invalid: 'groups' must not be empty", role)
		}
		for _, one := range list {
			g, err := parseGroup(one)
			if err != nil {
				return nil, fault.New(fault.Invalid, "Offer constraints for role '%s' are invalid: %v", role, err)
			}
			s.roles[role] = append(s.roles[role], g)
		}
	}
	return s, nil
}

func parseGroup(wire *scheduler.OfferConstraints_RoleConstraints_Group) (group, error) {
	if len(wire.GetAttributeConstraints()) == 0 {
		return nil, fmt.Errorf("'attribute_constraints' must not be empty")
	}
	var g group
	for _, one := range wire.GetAttributeConstraints() {
		values, err := selector(one.GetSelector())
		if err != nil {
			return nil, err
		}
		holds, err := predicate(one.GetPredicate())
		if err != nil {
			return nil, err
		}
		g = append(g, func(info *mesosv1.AgentInfo) bool { return holds(values(info)) })
	}
	return g, nil
}

// value is an attribute that is there. One that is no text passes every predicate about text.
type value struct {
	text   string
	isText bool
}

// selector picks values of an agent.
func selector(wire *scheduler.AttributeConstraint_Selector) (func(*mesosv1.AgentInfo) []value, error) {
	text := func(of func(*mesosv1.AgentInfo) (string, bool)) func(*mesosv1.AgentInfo) []value {
		return func(info *mesosv1.AgentInfo) []value {
			if s, ok := of(info); ok {
				return []value{{s, true}}
			}
			return nil
		}
	}
	switch one := wire.GetSelector().(type) {
	case *scheduler.AttributeConstraint_Selector_AttributeName:
		if one.AttributeName == "" {
			return nil, fmt.Errorf("'selector.attribute_name' must not be empty")
		}
		return func(info *mesosv1.AgentInfo) []value { return attributes(info, one.AttributeName) }, nil
	case *scheduler.AttributeConstraint_Selector_PseudoattributeType_:
		switch one.PseudoattributeType {
		case scheduler.AttributeConstraint_Selector_HOSTNAME:
			return text(func(info *mesosv1.AgentInfo) (string, bool) { return info.GetHostname(), true }), nil
		case scheduler.AttributeConstraint_Selector_REGION:
			return text(func(info *mesosv1.AgentInfo) (string, bool) {
				d := info.GetDomain().GetFaultDomain()
				return d.GetRegion().GetName(), d != nil
			}), nil
		case scheduler.AttributeConstraint_Selector_ZONE:
			return text(func(info *mesosv1.AgentInfo) (string, bool) {
				d := info.GetDomain().GetFaultDomain()
				return d.GetZone().GetName(), d != nil
			}), nil
		case scheduler.AttributeConstraint_Selector_UNKNOWN:
		}
		return nil, fmt.Errorf("'selector.pseudoattribute_type' is not known")
	}
	return nil, fmt.Errorf("'selector' must be set")
}

func attributes(info *mesosv1.AgentInfo, name string) []value {
	var values []value
	for _, a := range info.GetAttributes() {
		if a.GetName() == name {
			values = append(values, value{a.GetText().GetValue(), a.GetType() == mesosv1.Value_TEXT})
		}
	}
	return values
}

// predicate says whether the values of a selector will do.
func predicate(wire *scheduler.AttributeConstraint_Predicate) (func([]value) bool, error) {
	somehow := func(is func(string) bool) func([]value) bool {
		return func(values []value) bool {
			return slices.ContainsFunc(values, func(v value) bool { return !v.isText || is(v.text) })
		}
	}
	never := func(is func(string) bool) func([]value) bool {
		return func(values []value) bool {
			return !slices.ContainsFunc(values, func(v value) bool { return v.isText && is(v.text) })
		}
	}
	equals := func(want string) func(string) bool { return func(s string) bool { return s == want } }
	switch one := wire.GetPredicate().(type) {
	case *scheduler.AttributeConstraint_Predicate_Exists_:
		return func(values []value) bool { return len(values) > 0 }, nil
	case *scheduler.AttributeConstraint_Predicate_NotExists_:
		return func(values []value) bool { return len(values) == 0 }, nil
	case *scheduler.AttributeConstraint_Predicate_TextEquals_:
		return somehow(equals(one.TextEquals.GetValue())), nil
	case *scheduler.AttributeConstraint_Predicate_TextNotEquals_:
		return never(equals(one.TextNotEquals.GetValue())), nil
	case *scheduler.AttributeConstraint_Predicate_TextMatches_:
		matches, err := pattern(one.TextMatches.GetRegex())
		return somehow(matches), err
	case *scheduler.AttributeConstraint_Predicate_TextNotMatches_:
		matches, err := pattern(one.TextNotMatches.GetRegex())
		return never(matches), err
	}
	return nil, fmt.Errorf("'predicate' must be set")
}

// pattern matches whole texts.
func pattern(text string) (func(string) bool, error) {
	if len(text) > maxPattern {
		return nil, fmt.Errorf("a regular expression has %d characters; at most %d are allowed", len(text), maxPattern)
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("the regular expression '%s' can't be read: %w", text, err)
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, fmt.Errorf("the regular expression '%s' can't be read: %w", text, err)
	}
	if n := len(program.Inst); n > maxProgram {
		return nil, fmt.Errorf("the regular expression '%s' is too complex: its program has size %d, the limit is %d", text, n, maxProgram)
	}
	re, err := regexp.Compile(`\A(?:` + text + `)\z`)
	if err != nil {
		return nil, fmt.Errorf("the regular expression '%s' can't be read: %w", text, err)
	}
	return re.MatchString, nil
}

// Allows says whether an agent may be offered in a role: if one of the role's groups holds, or there are none.
func (s *Set) Allows(role string, info *mesosv1.AgentInfo) bool {
	if s == nil || s.roles[role] == nil {
		return true
	}
	return slices.ContainsFunc(s.roles[role], func(g group) bool {
		return !slices.ContainsFunc(g, func(holds func(*mesosv1.AgentInfo) bool) bool { return !holds(info) })
	})
}

// Proto is the constraints as they came, an empty message for none.
func (s *Set) Proto() *scheduler.OfferConstraints {
	if s == nil {
		return &scheduler.OfferConstraints{}
	}
	return s.proto
}
