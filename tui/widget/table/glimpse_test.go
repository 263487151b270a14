package table

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/theme"
)

// picture is what a low terminal shows of a table, with the place of the cursor and how many rows pass.
func picture(t *Table[item], now time.Time) string {
	f := frame.New(60, 6, theme.New(theme.Options{}))
	t.Render(f.Area(), now)
	row, of := t.Place()
	shown, all := t.Len()
	at, alive := t.At()
	ids, hidden := t.Marks()
	return fmt.Sprintf("%s\n%d of %d; %d of %d; on %s %v; marks %v, %d hidden", f.Plain(), row, of, shown, all, at.ID, alive, ids, hidden)
}

// TestAGlimpseIsThePageOfAllRows gives two tables the same rows, one of which does not have them in order yet: what can be
// seen is the same, wherever the cursor is, and so it is when keys come that have to wait.
func TestAGlimpseIsThePageOfAllRows(t *testing.T) {
	verbs := []keys.Verb{
		keys.Up, keys.Down, keys.HalfDown, keys.PageDown, keys.PageUp, keys.HalfUp, keys.First, keys.Bottom, keys.Mark, keys.Range, keys.Unmark, keys.Wide,
	}
	waited, early := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		plain, now := New("none", columns()...), start
		slow := New("none", columns()...)
		slow.Jobs, slow.far, slow.near = true, 0, rapid.IntRange(5, 12).Draw(rt, "near")
		both := func(do func(*Table[item])) { do(plain); do(slow) }
		finish := func() {
			for job := slow.Job(now); job != nil; job = slow.Job(now) {
				job.Run()
				slow.Finish(job, now)
			}
		}
		reset := func() {
			drawn := rows(rapid.SliceOfN(rapid.IntRange(0, 99), 0, 80).Draw(rt, "rows")...)
			for i := range drawn {
				drawn[i].Val.n = rapid.IntRange(0, 5).Draw(rt, "n")
			}
			both(func(t *Table[item]) { t.Reset(drawn) })
		}
		if rapid.Bool().Draw(rt, "selected") {
			id := fmt.Sprintf("%04d", rapid.IntRange(0, 99).Draw(rt, "id"))
			both(func(t *Table[item]) { t.Select(id) })
		}
		reset()
		for range rapid.IntRange(1, 30).Draw(rt, "turns") {
			now = now.Add(2 * time.Second) // nothing stands still
			what := rapid.IntRange(0, 9).Draw(rt, "what")
			if g := slow.glimpse; g != nil && (len(g.later) > 0 && what < 5 || !g.known && !g.stale) {
				finish() // keys that wait find the order and the filter that are wanted by then
			}
			switch what {
			case 0:
				reset()
			case 1:
				filter := rapid.SampledFrom([]string{"", "1", "2", "row-3", "no"}).Draw(rt, "filter")
				var keep func(*item) bool
				if filter != "" {
					keep = func(i *item) bool { return strings.Contains(i.name, filter) }
				}
				both(func(t *Table[item]) { t.SetFilter(keep, false) })
			case 2:
				id := fmt.Sprintf("%04d", rapid.IntRange(0, 99).Draw(rt, "id"))
				both(func(t *Table[item]) { t.Select(id) })
			case 3:
				finish()
			default:
				verb := rapid.SampledFrom(verbs).Draw(rt, "verb")
				if what == 4 {
					verb = rapid.SampledFrom([]keys.Verb{keys.SortFlip, keys.SortRight}).Draw(rt, "order")
				}
				both(func(t *Table[item]) { t.Do(verb, now) })
			}
			if slow.glimpse == nil {
				finish() // a table that had all rows in order shows what it showed until it has again
			}
			want, got := picture(plain, now), picture(slow, now)
			if g := slow.glimpse; g != nil && (!g.known || len(g.later) > 0) {
				waited++
				continue
			}
			if slow.glimpse != nil {
				early++
			}
			if got != want {
				rt.Fatalf("of all rows:\n%s\nof a glimpse:\n%s", want, got)
			}
		}
		finish()
		if want, got := picture(plain, now), picture(slow, now); got != want {
			rt.Fatalf("of all rows:\n%s\nafter all are in order:\n%s", want, got)
		}
	})
	if waited == 0 || early == 0 {
		t.Errorf("%d keys had to wait, and %d pages were seen early: neither may be none", waited, early)
	}
}

// TestABestIsTheBeginning compares with sorting all.
func TestABestIsTheBeginning(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		all := rapid.SliceOfN(rapid.IntRange(0, 200), 0, 100).Draw(rt, "rows")
		compare := func(a, b Row[item]) int { return strings.Compare(a.ID, b.ID) }
		b := best[item]{n: rapid.IntRange(1, 20).Draw(rt, "n"), compare: compare}
		var list []Row[item]
		for _, i := range all {
			r := Row[item]{ID: fmt.Sprintf("%04d", i)}
			b.add(r)
			list = append(list, r)
		}
		slices.SortFunc(list, compare)
		if got, want := b.cut(), list[:min(len(list), b.n)]; !slices.Equal(got, want) {
			rt.Fatalf("got %v, want %v", got, want)
		}
	})
}

// BenchmarkOpen is how long it takes until rows can be seen of a list that is opened, and until all are in order.
func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		ids := make([]int, n)
		for i := range ids {
			ids[i] = i
		}
		all := rows(ids...)
		f := frame.New(140, 40, theme.New(theme.Options{}))
		for _, desc := range []bool{false, true} {
			b.Run(fmt.Sprintf("seen/%d/desc=%v", n, desc), func(b *testing.B) {
				for b.Loop() {
					t := New("none", columns()...)
					t.Jobs = true
					t.SortBy("NAME", desc)
					t.Reset(all)
					t.Render(f.Area(), start)
				}
			})
		}
		b.Run(fmt.Sprintf("in order/%d", n), func(b *testing.B) {
			for b.Loop() {
				t := New("none", columns()...)
				t.Jobs = true
				t.Reset(all)
				j := t.Job(start)
				j.Run()
				t.Finish(j, start)
			}
		})
	}
}
