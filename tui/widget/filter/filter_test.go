package filter

import (
	"slices"
	"strings"
	"testing"
)

type row struct {
	name, agent string
	cpu         float64
}

var fields = []Field[row]{
	{Name: "name", Free: true, Text: func(r *row) string { return r.name }},
	{Name: "agent", Free: true, Text: func(r *row) string { return r.agent }},
	{Name: "cpu", Number: func(r *row) (float64, bool) { return r.cpu, r.cpu >= 0 }},
}

var rows = []row{{"web-1", "A1", 1}, {"web-2", "A2", 2}, {"db", "A1", 0.5}, {"Cache", "A3", -1}}

func TestParse(t *testing.T) {
	for text, want := range map[string][]string{
		"":              {"web-1", "web-2", "db", "Cache"},
		"web":           {"web-1", "web-2"},
		"web a1":        {"web-1"},
		"!web":          {"db", "Cache"},
		"cache":         {"Cache"},
		"/^web-[12]$/":  {"web-1", "web-2"},
		"!/web 1|db/":   {"web-1", "web-2", "Cache"},
		"~wb2":          {"web-2"},
		"agent:a1":      {"web-1", "db"},
		"agent:a1 !web": {"db"},
		"cpu>0.5":       {"web-1", "web-2"},
		"cpu<2":         {"web-1", "db"},
		"a:b":           nil,
		"!":             nil,
	} {
		keep, err := Parse(text, fields)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		var got []string
		for i := range rows {
			if keep == nil || keep(&rows[i]) {
				got = append(got, rows[i].name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestMoves(t *testing.T) {
	moving := append(slices.Clone(fields), Field[row]{Name: "age", Moves: true, Number: func(*row) (float64, bool) { return 1, true }})
	for text, want := range map[string]bool{"": false, "web": false, "age": false, "cpu>1": false, "age>5m": true, "web !AGE<1h": true, "/age>1/": false} {
		if got := Moves(text, moving); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestRefuse(t *testing.T) {
	for text, want := range map[string]string{
		"/web":    "/web has no closing /",
		"/(/":     "/(/ is not a regular expression",
		"cpu:1":   "cpu is a number: write cpu>1",
		"cpu>lot": `"lot" is not a number; write 1.5, 512M, 2G, 5m or 3h`,
		"name>1":  "name is not a number: write name:…",
		"mem>1":   "there is no field mem; there are name, agent, cpu",
	} {
		if _, err := Parse(text, fields); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func FuzzContains(f *testing.F) {
	f.Add("TASK_RUNNING", "run")
	f.Add("Größe", "ös")
	f.Add("K", "\u212a") // a Kelvin sign's small letter is a k
	f.Fuzz(func(t *testing.T, s, want string) {
		want = strings.ToLower(want)
		if got := contains(s, want); got != strings.Contains(strings.ToLower(s), want) {
			t.Errorf("contains(%q, %q) is %v", s, want, got)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("web !x /a b/ ~z agent:1 cpu>2G")
	f.Fuzz(func(t *testing.T, text string) {
		keep, err := Parse(text, fields)
		if err == nil && keep != nil {
			for i := range rows {
				keep(&rows[i])
			}
		}
	})
}
