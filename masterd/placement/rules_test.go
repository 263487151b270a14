package placement_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/masterd/placement"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

func host(name string, attributes ...string) placement.Host {
	h := placement.Host{Agent: "id-" + name, Name: name, Attributes: map[string]string{}}
	for _, a := range attributes {
		k, v, _ := strings.Cut(a, "=")
		h.Attributes[k] = v
	}
	return h
}

func TestOperators(t *testing.T) {
	h := host("db-1", "rack=a", "zone=z1")
	h.Roles = []string{"*", "web"}
	for _, tc := range []struct {
		c    reeveapi.Constraint
		want string
	}{
		{reeveapi.Constraint{Attribute: "rack", Operator: "equals", Value: "a"}, ""},
		{reeveapi.Constraint{Attribute: "rack", Operator: "equals", Value: "b"}, `rack is "a", not "b"`},
		{reeveapi.Constraint{Attribute: "disk", Operator: "equals", Value: "ssd"}, "no attribute disk"},
		{reeveapi.Constraint{Attribute: "rack", Operator: "not_equals", Value: "a"}, `rack is "a", which is excluded`},
		{reeveapi.Constraint{Attribute: "disk", Operator: "not_equals", Value: "ssd"}, ""},
		{reeveapi.Constraint{Attribute: "rack", Operator: "in", Values: []string{"a", "b"}}, ""},
		{reeveapi.Constraint{Attribute: "rack", Operator: "in", Values: []string{"c", "b"}}, `rack is "a", not one of c, b`},
		{reeveapi.Constraint{Attribute: "rack", Operator: "not_in", Values: []string{"a"}}, `rack is "a", which is excluded`},
		{reeveapi.Constraint{Attribute: "hostname", Operator: "like", Value: "db-[0-9]"}, ""},
		{reeveapi.Constraint{Attribute: "hostname", Operator: "like", Value: "db"}, `hostname is "db-1", not like db`},
		{reeveapi.Constraint{Attribute: "hostname", Operator: "unlike", Value: "db.*"}, `hostname is "db-1", which is excluded`},
		{reeveapi.Constraint{Attribute: "agent", Operator: "equals", Value: "id-db-1"}, ""},
		{reeveapi.Constraint{Attribute: "rack", Operator: "unique"}, "an instance is on rack a, which must be unique"},
		{reeveapi.Constraint{Attribute: "zone", Operator: "unique"}, ""},
		{reeveapi.Constraint{Attribute: "rack", Operator: "max_per", Value: "2"}, ""},
		{reeveapi.Constraint{Attribute: "rack", Operator: "max_per", Value: "1"}, "1 instance is on rack a, the most allowed"},
		{reeveapi.Constraint{Attribute: "rack", Operator: "group_by"}, "1 instance is on rack a and 0 on b, they must be even"},
		{reeveapi.Constraint{Attribute: "rack", Operator: "spread"}, ""},
		{reeveapi.Constraint{Attribute: "role", Operator: "equals", Value: "web"}, ""},
		{reeveapi.Constraint{Attribute: "role", Operator: "equals", Value: "*"}, ""},
		{reeveapi.Constraint{Attribute: "role", Operator: "equals", Value: "dev"}, `nothing there is of role "dev"`},
		{reeveapi.Constraint{Attribute: "role", Operator: "not_equals", Value: "web"}, "role web has something there, which is excluded"},
		{reeveapi.Constraint{Attribute: "role", Operator: "not_equals", Value: "dev"}, ""},
		{reeveapi.Constraint{Attribute: "role", Operator: "in", Values: []string{"dev", "web"}}, ""},
		{reeveapi.Constraint{Attribute: "role", Operator: "not_in", Values: []string{"dev", "web"}}, "role web has something there, which is excluded"},
		{reeveapi.Constraint{Attribute: "role", Operator: "like", Value: "w.*"}, ""},
		{reeveapi.Constraint{Attribute: "role", Operator: "like", Value: "d.*"}, "nothing there is of role d.*"},
		{reeveapi.Constraint{Attribute: "role", Operator: "unlike", Value: "w.*"}, "role web has something there, which is excluded"},
		{reeveapi.Constraint{Attribute: "role", Operator: "unique"}, "an instance is on role *,web, which must be unique"},
		{reeveapi.Constraint{Attribute: "role", Operator: "max_per", Value: "2"}, ""},
		{reeveapi.Constraint{Attribute: "role", Operator: "group_by"}, ""},
	} {
		rules, err := placement.Compile([]reeveapi.Constraint{tc.c})
		if err != nil {
			t.Fatal(err)
		}
		tally := placement.Tally{"rack": {"a": 1}, "role": {"*,web": 1}}
		if got := rules.Refuse(h, tally, map[string]map[string]bool{"rack": {"a": true, "b": true}}); got != tc.want {
			t.Errorf("%+v: got %q, want %q", tc.c, got, tc.want)
		}
	}
}

func TestBadConstraintsSayWhy(t *testing.T) {
	for want, c := range map[string]reeveapi.Constraint{
		"names no attribute":                {Operator: "unique"},
		`operator "is" is none of equals, `: {Attribute: "a", Operator: "is"},
		"equals needs a value":              {Attribute: "a", Operator: "equals"},
		"in needs a list":                   {Attribute: "a", Operator: "in"},
		"use in or not_in":                  {Attribute: "a", Operator: "equals", Value: "x", Values: []string{"y"}},
		"no regular expression":             {Attribute: "a", Operator: "like", Value: "("},
		"whole number of at least 1":        {Attribute: "a", Operator: "max_per", Value: "0"},
		"unique takes no value":             {Attribute: "a", Operator: "unique", Value: "1"},
	} {
		_, err := placement.Compile([]reeveapi.Constraint{c})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %q in it", c, err, want)
		}
	}
}

func TestAttributesAsText(t *testing.T) {
	got := placement.Attributes([]*mesosv1.Attribute{
		{Name: new("rack"), Type: mesosv1.Value_TEXT.Enum(), Text: &mesosv1.Value_Text{Value: new("a")}},
		{Name: new("rack"), Type: mesosv1.Value_TEXT.Enum(), Text: &mesosv1.Value_Text{Value: new("b")}},
		{Name: new("level"), Type: mesosv1.Value_SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: new(2.5)}},
		{Name: new("lanes"), Type: mesosv1.Value_RANGES.Enum(), Ranges: &mesosv1.Value_Ranges{Range: []*mesosv1.Value_Range{{Begin: new(uint64(1)), End: new(uint64(3))}}}},
	})
	if got["rack"] != "a" || got["level"] != "2.5" || got["lanes"] != "[1-3]" {
		t.Errorf("got %v", got)
	}
}

// TestRulesHold: whatever rules and hosts there are, hosts that are taken one after the other never break one.
func TestRulesHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		racks := []string{"a", "b", "c"}
		var hosts []placement.Host
		for i := range rapid.IntRange(1, 8).Draw(t, "hosts") {
			hosts = append(hosts, host(fmt.Sprintf("h%d", i), "rack="+rapid.SampledFrom(racks).Draw(t, "rack")))
		}
		limit := rapid.IntRange(1, 3).Draw(t, "limit")
		c := rapid.SampledFrom([]reeveapi.Constraint{
			{Attribute: "hostname", Operator: "unique"},
			{Attribute: "rack", Operator: "max_per", Value: fmt.Sprint(limit)},
			{Attribute: "rack", Operator: "group_by"},
			{Attribute: "rack", Operator: "in", Values: []string{"a", "c"}},
		}).Draw(t, "constraint")
		rules, err := placement.Compile([]reeveapi.Constraint{c})
		if err != nil {
			t.Fatal(err)
		}
		known := map[string]map[string]bool{"rack": {}}
		for _, h := range hosts {
			known["rack"][h.Attributes["rack"]] = true
		}
		tally, byHost, byRack := placement.Tally{}, map[string]int{}, map[string]int{}
		for range rapid.IntRange(1, 20).Draw(t, "instances") {
			h := rapid.SampledFrom(hosts).Draw(t, "host")
			if rules.Refuse(h, tally, known) != "" {
				continue
			}
			tally.Add(rules.Where(h), 1)
			byHost[h.Name]++
			byRack[h.Attributes["rack"]]++
		}
		most, least := 0, 1<<30
		for rack := range known["rack"] {
			most, least = max(most, byRack[rack]), min(least, byRack[rack])
		}
		for name, n := range byHost {
			if c.Operator == "unique" && n > 1 {
				t.Errorf("%d instances on %s", n, name)
			}
		}
		switch {
		case c.Operator == "max_per" && most > limit:
			t.Errorf("%d instances in one rack, %d allowed", most, limit)
		case c.Operator == "group_by" && most > least+1:
			t.Errorf("racks have %v instances", byRack)
		case c.Operator == "in" && byRack["b"] > 0:
			t.Errorf("rack b has %d instances", byRack["b"])
		}
	})
}
