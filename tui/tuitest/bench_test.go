package tuitest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/app"
	"codeberg.org/reeve/reeve/tui/fake"
	"codeberg.org/reeve/reeve/tui/feed"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/open"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
)

// BenchmarkKeyToFrame measures what a key costs on the list of 10 000 tasks of which 100 change between two keys, as they
// do when a thousand change a second: the goal is a 99th percentile below 16 ms.
func BenchmarkKeyToFrame(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("%d", n), func(b *testing.B) {
			root, st, changes := large(b, n)
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				begin := time.Now()
				st.Apply(&reeveapi.Watch{Tasks: changes(i)}, time.Now())
				root.Update(screen.Changed{})
				_ = root.View()
				root.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("j")})
				_ = root.View()
				took = append(took, time.Since(begin))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}

// BenchmarkOpen measures what a key costs that opens the list of tasks, until rows are to be seen.
func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprintf("%d", n), func(b *testing.B) {
			root, _, _ := large(b, n)
			for b.Loop() {
				for _, key := range []string{"1", "3"} {
					root.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(key)})
					_ = root.View()
				}
			}
		})
	}
}

// BenchmarkIdleFrame measures what a message costs that changes nothing but the clock.
func BenchmarkIdleFrame(b *testing.B) {
	root, _, _ := large(b, 10_000)
	for b.Loop() {
		root.Update(screen.Changed{})
		_ = root.View()
	}
}

func large(b *testing.B, n int) (*app.App, *store.Store, func(int) []reeveapi.Task) {
	b.Helper()
	now := time.Now()
	cluster := fake.Large(now, n)
	st := store.New()
	env := screen.Env{Store: st, Now: time.Now, ReadFile: cluster.ReadFile, LogStart: cluster.LogStart, LogSince: cluster.LogSince, ListFiles: cluster.ListFiles, Reach: []string{"--master=" + cluster.Master()}, Draft: func(map[string]string) map[string]string { return nil }}
	root := app.New(b.Context(), app.Deps{
		Store: st, Now: time.Now, Look: "dark", Open: open.Screen, Doer: cluster, Want: func([]feed.Want) {}, Retry: func() {}, Env: env,
		Theme: func(name string) *theme.Theme { return theme.New(theme.Options{Profile: termenv.ANSI256, Name: name}) },
	})
	tasks := cluster.Tasks()
	st.Apply(&reeveapi.Watch{Snapshot: true, Cluster: &reeveapi.Cluster{Name: "large"}, Tasks: tasks}, now)
	root.Update(tea.WindowSizeMsg{Width: 140, Height: 40})
	root.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("3")})
	_ = root.View()
	return root, st, func(i int) []reeveapi.Task {
		out := make([]reeveapi.Task, 100)
		for k := range out {
			out[k] = tasks[(i*100+k)%len(tasks)]
			out[k].Message = fmt.Sprint(i)
		}
		return out
	}
}
