package list

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/table"
	"codeberg.org/reeve/reeve/tui/widget/tabs"
)

// TestABaseFollowsTheStore lets anything come from the stream, and the operator go to and fro: what is shown and counted
// is what a look at all rows finds.
func TestABaseFollowsTheStore(t *testing.T) {
	tabOf := func(t *reeveapi.Task) int { return int(t.Requested.CPUs) % 2 }
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(rt *rapid.T) {
		st := store.New()
		env := screen.Env{Store: st, Now: func() time.Time { return now }, Shelf: map[string]any{}}
		open := func() (Base[reeveapi.Task], *tabs.Tabs) {
			pages := &tabs.Tabs{Names: []string{"even", "odd"}, Counts: []int{0, 0}}
			lists := make([]*List[reeveapi.Task], 2)
			for i := range lists {
				lists[i] = New(table.New("none", table.Column[reeveapi.Task]{Name: "ID", Width: 8, Text: func(t *reeveapi.Task) (string, theme.Role) { return t.ID, theme.Text }}), "")
				lists[i].Tabs, lists[i].Name = pages, pages.Names[i]
			}
			return NewBase(env, Setup[reeveapi.Task]{Tab: tabOf, List: func(s *store.Snapshot) store.List[reeveapi.Task] { return s.Tasks }}, lists...), pages
		}
		b, pages := open()
		id := rapid.Custom(func(t *rapid.T) string { return fmt.Sprintf("%02d", rapid.IntRange(0, 20).Draw(t, "id")) })
		for range rapid.IntRange(1, 20).Draw(rt, "turns") {
			now = now.Add(time.Hour) // vanished rows are let go
			line := reeveapi.Watch{Snapshot: rapid.IntRange(0, 9).Draw(rt, "snapshot") == 0}
			for range rapid.IntRange(0, 6).Draw(rt, "changes") {
				line.Tasks = append(line.Tasks, reeveapi.Task{ID: id.Draw(rt, "changed"), Requested: reeveapi.Amounts{CPUs: float64(rapid.IntRange(0, 3).Draw(rt, "cpus"))}})
			}
			for range rapid.IntRange(0, 3).Draw(rt, "removals") {
				line.TasksRemoved = append(line.TasksRemoved, "/"+id.Draw(rt, "removed"))
			}
			st.Apply(&line, now)
			switch rapid.IntRange(0, 6).Draw(rt, "what") {
			case 3:
				b.Leave()
				set := b.Save()
				b, pages = open()
				b.Restore(set)
			case 0:
				b.Take(keys.NextTab)
			case 1:
				st.Freeze(!st.Frozen())
			case 2:
				continue // nobody looks
			}
			b.Render(frame.New(80, 24, theme.New(theme.Options{})).Area())
			want, counts := map[string]float64{}, []int{0, 0}
			for key, task := range st.Snapshot().Tasks.All() {
				counts[tabOf(task)]++
				if tabOf(task) == pages.At {
					want[key] = task.Requested.CPUs
				}
			}
			if diff := cmp.Diff(counts, pages.Counts); diff != "" {
				rt.Fatalf("counts (-want +got):\n%s", diff)
			}
			if _, rows := b.Table().Len(); rows != len(want) {
				rt.Fatalf("%d rows, want %d", rows, len(want))
			}
			_, shown := b.Table().Export(true)
			var got []string
			for _, cells := range shown {
				got = append(got, "/"+cells[0])
			}
			slices.Sort(got)
			if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), got); diff != "" {
				rt.Fatalf("rows (-want +got):\n%s", diff)
			}
		}
	})
}
