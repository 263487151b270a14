package history

import (
	"fmt"
	"slices"
	"testing"

	"codeberg.org/reeve/reeve/tui/screen"
)

func TestHistory(t *testing.T) {
	var h History
	if path, ok := h.Step(-1); ok {
		t.Errorf("an empty history steps back to %v", path)
	}
	to := func(kind screen.Kind) Path { return Path{{Kind: kind}} }
	step := func(by int, want Path, more bool) {
		t.Helper()
		if got, ok := h.Step(by); ok != more || !slices.Equal(got, want) {
			t.Errorf("a step by %d leads to %v, %v; want %v, %v", by, got, ok, want, more)
		}
	}
	for _, kind := range []screen.Kind{screen.Agents, screen.Tasks, screen.Tasks, screen.Jobs} {
		h.Note(to(kind))
	}
	step(-1, to(screen.Tasks), true)
	step(-1, to(screen.Agents), true)
	step(-1, nil, false)
	step(1, to(screen.Tasks), true)
	h.Note(to(screen.Roles)) // the jobs lay ahead
	step(1, nil, false)
	step(-1, to(screen.Tasks), true)

	for n := range most + 5 {
		h.Note(Path{{Kind: screen.Task, ID: fmt.Sprint(n)}})
	}
	steps := 0
	for _, ok := h.Step(-1); ok; _, ok = h.Step(-1) {
		steps++
	}
	if steps != most-1 {
		t.Errorf("%d steps lead back, want %d", steps, most-1)
	}
}
