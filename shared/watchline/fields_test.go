package watchline

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// TestFields chooses any keys of a task: those come, with their values, and no others.
func TestFields(t *testing.T) {
	whole, err := AppendTask(nil, &full().Tasks[0])
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(whole, &all); err != nil {
		t.Fatal(err)
	}
	var names []string
	for f := range reflect.TypeFor[reeveapi.Task]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	rapid.Check(t, func(rt *rapid.T) {
		chosen := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, -1, rapid.ID).Draw(rt, "names")
		fields, err := ParseFields(strings.Join(chosen, ","))
		if err != nil {
			rt.Fatal(err)
		}
		text, err := AppendFields(nil, &full().Tasks[0], fields)
		if err != nil {
			rt.Fatal(err)
		}
		want := map[string]json.RawMessage{}
		for _, name := range chosen {
			want[name] = all[name]
			if !fields.Has("no key", name) {
				rt.Errorf("%s is not among %v", name, chosen)
			}
		}
		got := map[string]json.RawMessage{}
		if err := json.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, want) {
			rt.Errorf("%v: %s: %v, want %s", chosen, text, err, want)
		}
	})
}

func TestOddFields(t *testing.T) {
	for _, text := range []string{"", "ID", "id,", "id, name", "state,colour"} {
		if _, err := ParseFields(text); err == nil || !strings.Contains(err.Error(), "there are id, framework, framework_name") {
			t.Errorf("%q: %v, want an error that names the keys", text, err)
		}
	}
	if text, err := AppendFields(nil, &reeveapi.Task{}, AllFields&(1<<9)); string(text) != "{}" || err != nil {
		t.Errorf("a key that is left out when it is empty: %s, %v", text, err)
	}
	if id, err := ParseFields("id"); err != nil || id.Has("name") {
		t.Errorf("id has name: %v", err)
	}
}
