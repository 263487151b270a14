package cgroupfs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// weighted makes parents and what is below them out of plain files.
func weighted(t *testing.T, unified bool, groups map[string]string) Host {
	t.Helper()
	h := fake(t, unified, nil)
	for group, text := range groups {
		dir := h.Dir("cpu", group)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		file := sharesFile
		if unified {
			file = weightFile
		}
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func TestWeights(t *testing.T) {
	for _, test := range []struct {
		name                            string
		unified                         bool
		one, half                       string // of one CPU and of half of one, as the kernel has them
		found, set, less, none, unnamed string
	}{
		{"v1", false, "1024", "512", "1536", "3584", "2560", "2", "1024"},
		{"v2", true, "100", "50", "150", "350", "250", "1", "100"},
	} {
		h := weighted(t, test.unified, map[string]string{"p": test.one, "p/a": test.one, "p/b": test.half})
		file := filepath.Join(h.Dir("cpu", "p"), sharesFile)
		if test.unified {
			file = filepath.Join(h.Dir("cpu", "p"), weightFile)
		}
		w := NewWeights(h)
		for _, step := range []struct {
			what string
			do   func() error
			want string
		}{
			{"read", func() error { return w.Read("p") }, test.found},
			{"one more", func() error { return w.Set("p", "c", 2) }, test.set},
			{"without one", func() error { return w.Forget("p", "a") }, test.less},
			{"one that is not there", func() error { return w.Forget("p", "a") }, test.less},
			{"changed", func() error { return w.Set("p", "c", 0.0001) }, test.half},
			{"too many", func() error { return w.Set("p", "c", 1e6) }, map[bool]string{true: "10000", false: "262144"}[test.unified]},
			{"nothing left", func() error {
				if err := w.Forget("p", "b"); err != nil {
					return err
				}
				return w.Forget("p", "c")
			}, test.none},
			{"says nothing", func() error { return w.Set("p", "d", 0) }, test.unnamed},
			{"no such parent", func() error { return w.Set("q", "d", 3) }, test.unnamed},
		} {
			if err := step.do(); err != nil {
				t.Fatalf("%s, %s: %v", test.name, step.what, err)
			}
			text, err := os.ReadFile(file)
			got, _, _ := strings.Cut(string(text), "\n") // a plain file keeps the end of what was longer
			if err != nil || got != step.want {
				t.Errorf("%s, %s: %q, %v, want %s", test.name, step.what, got, err, step.want)
			}
		}
		if _, err := os.Stat(filepath.Join(h.Dir("cpu", "q"))); err == nil {
			t.Error("a parent was made")
		}
	}
}
