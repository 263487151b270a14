package ids_test

import (
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/ids"
)

func TestCheck(t *testing.T) {
	for _, id := range []string{"a", "web.3", "...", "ünïcode", "with space", strings.Repeat("x", 255)} {
		if err := ids.Check(id); err != nil {
			t.Errorf("%q: got %v, want no error", id, err)
		}
	}
	for id, want := range map[string]string{
		"":                       "must not be empty",
		".":                      `must not be "."`,
		"..":                     `must not be ".."`,
		"a/b":                    `must not contain "/"`,
		`a\b`:                    `must not contain "/"`,
		"a\nb":                   "control characters",
		strings.Repeat("x", 256): "the most allowed is 255",
	} {
		if err := ids.Check(id); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error that says %q", id, err, want)
		}
	}
}

func TestNested(t *testing.T) {
	deep := ids.Container("p").Nested("c").Nested("d")
	for of, want := range map[ids.Container][2]string{"p": {"", "p"}, "p.c": {"p", "c"}, deep: {"p.c", "d"}} {
		if parent, name := of.Split(); string(parent) != want[0] || name != want[1] {
			t.Errorf("%s is split into %q and %q, want %q", of, parent, name, want)
		}
	}
	if deep.Root() != "p" || ids.Container("p").Root() != "p" {
		t.Errorf("the root of %s is %s", deep, deep.Root())
	}
}
