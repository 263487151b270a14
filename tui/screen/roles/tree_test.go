package roles

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
)

// TestTree draws branches as far as there are siblings below, and not where the rows stand in another order.
func TestTree(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	st := store.New()
	line := &reeveapi.Watch{Snapshot: true}
	for _, name := range []string{"a", "a/b", "a/b/c", "a/b/d", "a/e", "a/e/f", "a-z", "g/h"} {
		line.Roles = append(line.Roles, reeveapi.Role{Name: name, Weight: 1})
	}
	st.Apply(line, now)
	s := New(screen.Env{Store: st, Now: func() time.Time { return now }}, screen.Target{})
	look := func() string {
		f := frame.New(60, 15, theme.New(theme.Options{}))
		s.Render(f.Area())
		var out []string
		for line := range strings.SplitSeq(f.Plain(), "\n") {
			if strings.Contains(line, " 0% ") {
				out = append(out, strings.TrimRight(string([]rune(line)[3:20]), " "))
			}
		}
		return strings.Join(out, "\n")
	}
	const tree = "a\n├ a/b\n│ ├ a/b/c\n│ └ a/b/d\n└ a/e\n  └ a/e/f\na-z\ng/h"
	if got := look(); got != tree {
		t.Errorf("the tree is\n%s\nwant\n%s", got, tree)
	}
	plain := "a\na/b\na/b/c\na/b/d\na/e\na/e/f\na-z\ng/h"
	s.Do(keys.Tree)
	if got := look(); got != plain {
		t.Errorf("without it\n%s\nwant\n%s", got, plain)
	}
	kept := s.Save()
	s = New(screen.Env{Store: st, Now: func() time.Time { return now }}, screen.Target{})
	s.Restore(kept)
	if got := look(); got != plain {
		t.Errorf("restored:\n%s\nwant\n%s", got, plain)
	}
	s.Do(keys.Tree)
	s.List().SetFilter("a/")
	if got := look(); strings.Contains(got, "├") {
		t.Errorf("with a filter rows are missing that branches would come from:\n%s", got)
	}
	s.Do(keys.Tree)
	if got := look(); got != tree {
		t.Errorf("again\n%s\nwant\n%s", got, tree)
	}
	if got := slices.Sorted(maps.Keys(places(st.Snapshot()))); len(got) != 8 {
		t.Errorf("places of %v", got)
	}
}
