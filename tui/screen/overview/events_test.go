package overview

import (
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
)

// TestEventsNameTheirAgent: where there is room, the name of an agent is not cut.
func TestEventsNameTheirAgent(t *testing.T) {
	s := New(screen.Env{Now: time.Now}, screen.Target{})
	snap := &store.Snapshot{Events: []reeveapi.Event{{At: time.Now(), Kind: "TASK_FAILED", Subject: "web", Agent: "node-17.example.org", Text: "exit status 3"}}}
	for width, want := range map[int]string{138: "node-17.example.org exit status 3", 77: "node-17.e… exit status 3"} {
		f := frame.New(width, 1, theme.New(theme.Options{}))
		s.events(f.Area(), snap)
		if got := f.Plain(); !strings.Contains(got, want) {
			t.Errorf("at %d columns it says %q, want %q in it", width, got, want)
		}
	}
}
