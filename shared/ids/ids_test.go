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
