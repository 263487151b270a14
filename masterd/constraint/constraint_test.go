package constraint

import (
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
)

func parse(t *testing.T, text string) (*Set, error) {
	t.Helper()
	wire := &scheduler.OfferConstraints{}
	if err := codec.JSON.Unmarshal([]byte(text), wire); err != nil {
		t.Fatal(err)
	}
	return Parse(wire, []string{"dev", "ops"})
}

// groups are the constraints of role dev.
func groups(text string) string { return `{"role_constraints":{"dev":{"groups":[` + text + `]}}}` }

func group1(constraints string) string {
	return groups(`{"attribute_constraints":[` + constraints + `]}`)
}

func one(selector, predicate string) string {
	return `{"selector":{` + selector + `},"predicate":{` + predicate + `}}`
}

const rack = `"attribute_name":"rack"`

func agent() *mesosv1.AgentInfo {
	text := func(name, v string) *mesosv1.Attribute {
		return &mesosv1.Attribute{Name: new(name), Type: mesosv1.Value_TEXT.Enum(), Text: &mesosv1.Value_Text{Value: new(v)}}
	}
	return &mesosv1.AgentInfo{
		Hostname: new("node-1.dc"), Attributes: []*mesosv1.Attribute{
			text("rack", "r1"), text("tag", "a"), text("tag", "b"),
			{Name: new("size"), Type: mesosv1.Value_SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: new(5.0)}},
		},
		Domain: &mesosv1.DomainInfo{FaultDomain: &mesosv1.DomainInfo_FaultDomain{
			Region: &mesosv1.DomainInfo_FaultDomain_RegionInfo{Name: new("eu")}, Zone: &mesosv1.DomainInfo_FaultDomain_ZoneInfo{Name: new("eu-1")},
		}},
	}
}

func TestAllows(t *testing.T) {
	for text, want := range map[string]bool{
		`{}`:                                 true,
		group1(one(rack, `"exists":{}`)):     true,
		group1(one(rack, `"not_exists":{}`)): false,
		group1(one(`"attribute_name":"x"`, `"exists":{}`)):     false,
		group1(one(`"attribute_name":"x"`, `"not_exists":{}`)): true,
		group1(one(rack, `"text_equals":{"value":"r1"}`)):      true,
		group1(one(rack, `"text_equals":{"value":"r"}`)):       false,
		group1(one(rack, `"text_not_equals":{"value":"r1"}`)):  false,
		group1(one(rack, `"text_not_equals":{"value":"r2"}`)):  true,
		group1(one(rack, `"text_matches":{"regex":"r[0-9]"}`)): true,
		group1(one(rack, `"text_matches":{"regex":"r"}`)):      false, // of the whole text
		group1(one(rack, `"text_matches":{"regex":"r|r1"}`)):   true,
		group1(one(rack, `"text_not_matches":{"regex":"r."}`)): false,
		group1(one(rack, `"text_not_matches":{"regex":"x."}`)): true,

		group1(one(`"attribute_name":"x"`, `"text_equals":{"value":""}`)):         false,
		group1(one(`"attribute_name":"x"`, `"text_not_equals":{"value":"r1"}`)):   true,
		group1(one(`"attribute_name":"tag"`, `"text_equals":{"value":"b"}`)):      true,
		group1(one(`"attribute_name":"tag"`, `"text_not_equals":{"value":"b"}`)):  false,
		group1(one(`"attribute_name":"size"`, `"text_equals":{"value":"7"}`)):     true, // no text: passes
		group1(one(`"attribute_name":"size"`, `"text_not_equals":{"value":"5"}`)): true,

		group1(one(`"pseudoattribute_type":"HOSTNAME"`, `"text_matches":{"regex":"node-.*"}`)): true,
		group1(one(`"pseudoattribute_type":"REGION"`, `"text_equals":{"value":"eu"}`)):         true,
		group1(one(`"pseudoattribute_type":"ZONE"`, `"text_equals":{"value":"eu"}`)):           false,

		group1(one(rack, `"exists":{}`) + `,` + one(rack, `"text_equals":{"value":"r2"}`)):                                                      false,
		groups(`{"attribute_constraints":[` + one(rack, `"not_exists":{}`) + `]},{"attribute_constraints":[` + one(rack, `"exists":{}`) + `]}`): true,
	} {
		s, err := parse(t, text)
		if err != nil || s.Allows("dev", agent()) != want {
			t.Errorf("%s: allows %v, %v; want %v", text, s.Allows("dev", agent()), err, want)
		}
		if !s.Allows("ops", agent()) {
			t.Errorf("%s: a role without constraints is constrained", text)
		}
	}
	s, err := parse(t, group1(one(`"pseudoattribute_type":"REGION"`, `"not_exists":{}`)))
	if err != nil || !s.Allows("dev", &mesosv1.AgentInfo{}) {
		t.Errorf("an agent without a domain has a region: %v", err)
	}
}

func TestRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{"role_constraints":{"x":{"groups":[]}}}`: "Offer constraints specify `role_constraints` for a role 'x' not contained in the set of roles",
		groups(``): "'groups' must not be empty",
		group1(``): "'attribute_constraints' must not be empty",
		group1(`{"selector":{},"predicate":{"exists":{}}}`):            "'selector' must be set",
		group1(one(`"attribute_name":""`, `"exists":{}`)):              "must not be empty",
		group1(one(`"pseudoattribute_type":"UNKNOWN"`, `"exists":{}`)): "'selector.pseudoattribute_type' is not known",
		group1(one(rack, ``)):                                                         "'predicate' must be set",
		group1(one(rack, `"text_matches":{"regex":"("}`)):                             "can't be read",
		group1(one(rack, `"text_matches":{"regex":"(a|b){90}"}`)):                     "too complex",
		group1(one(rack, `"text_matches":{"regex":"`+strings.Repeat("a", 5000)+`"}`)): "at most 4096",
	} {
		if _, err := parse(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.200s: %v, want %q", text, err, want)
		}
	}
}

// FuzzPattern: whatever a framework writes, compiling and matching it ends and never panics.
func FuzzPattern(f *testing.F) {
	f.Add("r[0-9]+", "r1")
	f.Add("(a*)*b", "aaaa")
	f.Fuzz(func(t *testing.T, text, against string) {
		if matches, err := pattern(text); err == nil {
			matches(against)
		}
	})
}
