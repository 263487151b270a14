package placement

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
)

// Host is what rules look at of an agent.
type Host struct {
	Agent      string // id
	Name       string // hostname
	Attributes map[string]string
	Roles      []string        // that something of what is offered is reserved to, and "*" for what is not; sorted
	Images     map[string]bool // that it has
	GPUs       bool            // it has any
}

// RolesOf lists the roles of some resources as Host has them.
func RolesOf(r resources.Resources) []string {
	roles := r.Reservations()
	if !r.Unreserved().Empty() {
		roles = append([]string{unreserved}, roles...)
	}
	return roles
}

// unreserved is the role of what is not reserved.
const unreserved = "*"

// Attributes of every agent, beside its own.
const (
	AttributeHostname = "hostname"
	AttributeAgent    = "agent"
	AttributeRole     = "role" // it may have several values
)

// Value returns one of a host's attributes; of several values all, as one text.
func (h Host) Value(attribute string) (string, bool) {
	switch attribute {
	case AttributeHostname:
		return h.Name, true
	case AttributeAgent:
		return h.Agent, true
	case AttributeRole:
		return strings.Join(h.Roles, ","), true
	}
	v, ok := h.Attributes[attribute]
	return v, ok
}

// Attributes writes an agent's attributes as text. Of one that is given twice the first counts.
func Attributes(list []*mesosv1.Attribute) map[string]string {
	all := make(map[string]string, len(list))
	for _, a := range list {
		if _, twice := all[a.GetName()]; twice {
			continue
		}
		all[a.GetName()] = resources.AttributeText(a)
	}
	return all
}

// Tally counts a job's instances by the values of attributes.
type Tally map[string]map[string]int

// Add counts an instance in, or out with n = -1. where is what Rules.Where returned for its host.
func (t Tally) Add(where map[string]string, n int) {
	for attribute, value := range where {
		if t[attribute] == nil {
			t[attribute] = map[string]int{}
		}
		t[attribute][value] += n
	}
}

// Rules are the compiled constraints of a job. The zero value allows every host.
type Rules struct{ list []rule }

type rule struct {
	reeveapi.Constraint
	pattern *regexp.Regexp
	limit   int // of max_per; of group_by the least number of groups
}

// maxConstraints bounds what is compared for each instance and offer.
const maxConstraints = 32

// Compile checks constraints and prepares them. Its error is of kind Invalid.
func Compile(constraints []reeveapi.Constraint) (Rules, error) {
	var r Rules
	if len(constraints) > maxConstraints {
		return r, fault.New(fault.Invalid, "the job has %d constraints, the most allowed is %d", len(constraints), maxConstraints)
	}
	for i, c := range constraints {
		compiled, err := compile(c)
		if err != nil {
			return r, fault.New(fault.Invalid, "constraint %d: %v", i+1, err)
		}
		r.list = append(r.list, compiled)
	}
	return r, nil
}

// operators is what each operator needs besides the attribute.
var operators = map[string]struct{ value, values, number bool }{
	reeveapi.MustEqual:   {value: true},
	reeveapi.MustDiffer:  {value: true},
	reeveapi.MustBeIn:    {values: true},
	reeveapi.MustNotIn:   {values: true},
	reeveapi.MustMatch:   {value: true},
	reeveapi.MustUnlike:  {value: true},
	reeveapi.MustUnique:  {},
	reeveapi.MustMaxPer:  {value: true, number: true},
	reeveapi.MustGroupBy: {number: true},
	reeveapi.MustSpread:  {},
}

// Operators lists the operators, for schemas and messages.
func Operators() []string {
	names := make([]string, 0, len(operators))
	for name := range operators {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func compile(c reeveapi.Constraint) (rule, error) {
	r := rule{Constraint: c}
	needs, known := operators[c.Operator]
	switch {
	case strings.TrimSpace(c.Attribute) == "":
		return r, fmt.Errorf("it names no attribute; use one of the agents', hostname, agent or role")
	case !known:
		return r, fmt.Errorf("operator %q is none of %s", c.Operator, strings.Join(Operators(), ", "))
	case needs.value && c.Value == "":
		return r, fmt.Errorf("%s needs a value", c.Operator)
	case !needs.value && !needs.number && c.Value != "":
		return r, fmt.Errorf("%s takes no value, %q is given", c.Operator, c.Value)
	case needs.values != (len(c.Values) > 0):
		if needs.values {
			return r, fmt.Errorf("%s needs a list of values", c.Operator)
		}
		return r, fmt.Errorf("%s takes no list of values; use in or not_in", c.Operator)
	}
	if needs.number && c.Value != "" {
		n, err := strconv.Atoi(c.Value)
		if err != nil || n < 1 {
			return r, fmt.Errorf("%s needs a whole number of at least 1, %q is given", c.Operator, c.Value)
		}
		r.limit = n
	}
	if c.Operator == reeveapi.MustMatch || c.Operator == reeveapi.MustUnlike {
		pattern, err := regexp.Compile("^(?:" + c.Value + ")$")
		if err != nil {
			return r, fmt.Errorf("%q is no regular expression: %w", c.Value, err)
		}
		r.pattern = pattern
	}
	return r, nil
}

// counts says whether the rule looks at other instances.
func (r rule) counts() bool {
	switch r.Operator {
	case reeveapi.MustUnique, reeveapi.MustMaxPer, reeveapi.MustGroupBy, reeveapi.MustSpread:
		return true
	}
	return false
}

// Counts says whether the rules look at other instances: then a host that was refused may be allowed later.
func (r Rules) Counts() bool { return slices.ContainsFunc(r.list, rule.counts) }

// Where returns the values of a host by which the rules count instances, nil if they do not count.
func (r Rules) Where(h Host) map[string]string {
	var where map[string]string
	for _, rule := range r.list {
		if !rule.counts() {
			continue
		}
		if v, ok := h.Value(rule.Attribute); ok {
			if where == nil {
				where = map[string]string{}
			}
			where[rule.Attribute] = v
		}
	}
	return where
}

// Groups lists the attributes for which Refuse needs to know all values there are.
func (r Rules) Groups() []string {
	var all []string
	for _, rule := range r.list {
		if rule.Operator == reeveapi.MustGroupBy && !slices.Contains(all, rule.Attribute) {
			all = append(all, rule.Attribute)
		}
	}
	return all
}

// Refuse says why no instance may go to a host, "" if one may. tally counts the job's instances; known has the values that
// hosts have of the attributes that Groups lists.
func (r Rules) Refuse(h Host, tally Tally, known map[string]map[string]bool) string {
	for _, rule := range r.list {
		if why := rule.refuse(h, tally[rule.Attribute], known[rule.Attribute]); why != "" {
			return why
		}
	}
	return ""
}

func (r rule) refuse(h Host, counted map[string]int, known map[string]bool) string {
	value, has := h.Value(r.Attribute)
	switch {
	case r.Operator == reeveapi.MustSpread, !has && r.excludes():
		return ""
	case !has:
		return "no attribute " + r.Attribute
	}
	if r.counts() {
		return r.refuseCount(value, counted, known)
	}
	if r.Attribute == AttributeRole {
		return r.refuseRoles(h.Roles)
	}
	switch {
	case r.allows(value):
		return ""
	case r.excludes():
		return fmt.Sprintf("%s is %q, which is excluded", r.Attribute, value)
	}
	return fmt.Sprintf("%s is %q, not %s", r.Attribute, value, r.wish())
}

// excludes says whether the rule names what is not to be.
func (r rule) excludes() bool {
	return r.Operator == reeveapi.MustDiffer || r.Operator == reeveapi.MustNotIn || r.Operator == reeveapi.MustUnlike
}

// refuseRoles compares each of the roles: one has to be what the rule names, or none may be what it excludes.
func (r rule) refuseRoles(roles []string) string {
	if r.excludes() {
		if i := slices.IndexFunc(roles, func(role string) bool { return !r.allows(role) }); i >= 0 {
			return fmt.Sprintf("role %s has something there, which is excluded", roles[i])
		}
		return ""
	}
	if slices.ContainsFunc(roles, r.allows) {
		return ""
	}
	return fmt.Sprintf("nothing there is of role %s", strings.TrimPrefix(r.wish(), "like "))
}

// allows compares a value with what the rule names.
func (r rule) allows(value string) bool {
	switch r.Operator {
	case reeveapi.MustEqual:
		return value == r.Value
	case reeveapi.MustDiffer:
		return value != r.Value
	case reeveapi.MustBeIn:
		return slices.Contains(r.Values, value)
	case reeveapi.MustNotIn:
		return !slices.Contains(r.Values, value)
	case reeveapi.MustMatch:
		return r.pattern.MatchString(value)
	case reeveapi.MustUnlike:
		return !r.pattern.MatchString(value)
	}
	return true
}

func (r rule) wish() string {
	switch r.Operator {
	case reeveapi.MustBeIn:
		return "one of " + strings.Join(r.Values, ", ")
	case reeveapi.MustMatch:
		return "like " + r.Value
	}
	return strconv.Quote(r.Value)
}

func (r rule) refuseCount(value string, counted map[string]int, known map[string]bool) string {
	have := counted[value]
	switch r.Operator {
	case reeveapi.MustUnique:
		if have > 0 {
			return fmt.Sprintf("an instance is on %s %s, which must be unique", r.Attribute, value)
		}
	case reeveapi.MustMaxPer:
		if have >= r.limit {
			return fmt.Sprintf("%s on %s %s, the most allowed", are(have), r.Attribute, value)
		}
	case reeveapi.MustGroupBy:
		if fewest, where := least(value, counted, known, r.limit); have > fewest {
			return fmt.Sprintf("%s on %s %s and %d on %s, they must be even", are(have), r.Attribute, value, fewest, where)
		}
	}
	return ""
}

func are(n int) string {
	if n == 1 {
		return "1 instance is"
	}
	return fmt.Sprintf("%d instances are", n)
}

// least is the smallest group. Where fewer groups are known than there must be, the missing ones are empty.
func least(own string, counted map[string]int, known map[string]bool, groups int) (int, string) {
	values := map[string]bool{own: true}
	for v := range known {
		values[v] = true
	}
	for v, n := range counted {
		if n > 0 {
			values[v] = true
		}
	}
	if len(values) < groups {
		return 0, "one that is not known yet"
	}
	fewest, where := counted[own], own
	for v := range values {
		if n := counted[v]; n < fewest || n == fewest && v < where {
			fewest, where = n, v
		}
	}
	return fewest, where
}

// Crowd is how many of the job's instances share the host's values of the attributes that are to be spread over.
func (r Rules) Crowd(h Host, tally Tally) int {
	crowd := 0
	for _, rule := range r.list {
		if rule.Operator != reeveapi.MustSpread {
			continue
		}
		if v, ok := h.Value(rule.Attribute); ok {
			crowd += tally[rule.Attribute][v]
		}
	}
	return crowd
}
