package table

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/theme"
)

// TestAResumedListIsOneThatIsOpenedAnew closes and opens a list again and again while its rows change: who takes over the rows
// of before shows what a table shows that was given all rows, whether a job had put them in order by then or not.
func TestAResumedListIsOneThatIsOpenedAnew(t *testing.T) {
	verbs := []keys.Verb{keys.Up, keys.Down, keys.PageDown, keys.HalfUp, keys.First, keys.Bottom, keys.SortFlip, keys.SortRight, keys.Mark}
	resumed, glimpses, refused := 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		far := rapid.SampledFrom([]int{0, 1000}).Draw(rt, "far")
		now, all := start, map[string]*item{}
		open := func(before *Table[item]) *Table[item] {
			tab := New("none", columns()...)
			tab.Jobs, tab.far, tab.near, tab.many = true, far, rapid.IntRange(5, 12).Draw(rt, "near"), rapid.SampledFrom([]int{0, 1000}).Draw(rt, "many")
			if before != nil {
				tab.Restore(before.Save())
			}
			return tab
		}
		list := func(of map[string]*item) (out []Row[item]) {
			for id, val := range of {
				out = append(out, Row[item]{id, val})
			}
			return out
		}
		alter := func(most int) {
			for _, i := range rapid.SliceOfN(rapid.IntRange(0, 120), 0, most).Draw(rt, "rows") {
				r := rows(i)[0]
				if all[r.ID] != nil && rapid.Bool().Draw(rt, "gone") {
					delete(all, r.ID)
					continue
				}
				r.Val.n = rapid.IntRange(0, 5).Draw(rt, "n")
				all[r.ID] = r.Val
			}
		}
		since := func(was map[string]*item) (changed []Row[item], gone []string) {
			for id, val := range all {
				if was[id] != val {
					changed = append(changed, Row[item]{id, val})
				}
			}
			for id := range was {
				if all[id] == nil {
					gone = append(gone, id)
				}
			}
			return changed, gone
		}
		alter(100)
		tab := open(nil)
		tab.Reset(list(all))
		known := maps.Clone(all) // by tab
		for range rapid.IntRange(1, 12).Draw(rt, "visits") {
			for range rapid.IntRange(0, 4).Draw(rt, "turns") {
				now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(rt, "ms")) * time.Millisecond)
				if alter(6); tab.glimpse == nil {
					changed, gone := since(known)
					tab.Change(changed, gone, now)
					known = maps.Clone(all)
				}
				tab.Do(rapid.SampledFrom(verbs).Draw(rt, "verb"), now)
				picture(tab, now)
				if j := tab.Job(now); j != nil && rapid.Bool().Draw(rt, "done") {
					j.Run()
					tab.Finish(j, now)
				}
			}
			now = now.Add(time.Hour) // nothing stands still, and nothing is news
			alter(rapid.SampledFrom([]int{3, 100}).Draw(rt, "meanwhile"))
			next, plain := open(tab), open(tab)
			if rapid.IntRange(0, 9).Draw(rt, "filtered") == 0 {
				keep := func(i *item) bool { return strings.Contains(i.name, "1") }
				next.SetFilter(keep, false)
				plain.SetFilter(keep, false)
			}
			changed, gone := since(known)
			if tab.glimpse != nil {
				changed, gone = nil, nil
			}
			switch ok := next.Resume(tab, changed, gone, now); {
			case !ok:
				refused++
				next.Reset(list(all))
				known = maps.Clone(all)
			case next.glimpse != nil:
				glimpses++
			default:
				resumed++
				known = maps.Clone(all)
			}
			plain.Reset(list(known))
			plain.near = 200
			want, got := picture(plain, now), picture(next, now)
			if got != want && (next.glimpse == nil || next.glimpse.known) {
				rt.Fatalf("opened anew:\n%s\nresumed:\n%s", want, got)
			}
			if rapid.Bool().Draw(rt, "all") {
				for j := next.Job(now); j != nil; j = next.Job(now) {
					j.Run()
					next.Finish(j, now)
				}
				if want, got := picture(plain, now), picture(next, now); got != want {
					rt.Fatalf("opened anew:\n%s\nresumed and put in order:\n%s", want, got)
				}
			}
			tab = next
		}
	})
	if resumed == 0 || glimpses == 0 || refused == 0 {
		t.Errorf("%d lists were resumed, %d that were not in order yet, and %d were not: none may be none", resumed, glimpses, refused)
	}
}

// TestAJobThatOutlivesItsScreen leaves a list while a job puts it in order: who opens it again waits for that job instead of
// having it done twice.
func TestAJobThatOutlivesItsScreen(t *testing.T) {
	old, next := New("none", columns()...), New("none", columns()...)
	old.Jobs, old.far, next.Jobs, next.far = true, 0, true, 0
	var all []Row[item]
	for i := range 300 {
		all = append(all, rows(i)...)
	}
	old.Reset(all)
	picture(old, start)
	job := old.Job(start)
	if !next.Resume(old, nil, nil, start) {
		t.Fatal("the rows are not taken over")
	}
	picture(next, start)
	again := next.Job(start)
	if again != job {
		t.Fatal("another job is begun")
	}
	if next.Job(start) != nil {
		t.Fatal("there are two jobs at once")
	}
	go job.Run()
	again.Run()
	next.Finish(again, start)
	if next.Glimpse() {
		t.Fatal("the rows are not in order")
	}
	if row, of := next.Place(); row != 1 || of != 300 {
		t.Fatalf("row %d of %d", row, of)
	}
}

// BenchmarkOpenAgain is how long it takes until rows can be seen of a list that is opened again, of which one row of a hundred
// has changed. Compare BenchmarkOpen.
func BenchmarkOpenAgain(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		ids := make([]int, n)
		for i := range ids {
			ids[i] = i
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			open := func() *Table[item] {
				t := New("none", columns()...)
				t.Jobs = true
				t.SortBy("NAME", false)
				return t
			}
			t, f := open(), frame.New(140, 40, theme.New(theme.Options{}))
			t.Reset(rows(ids...))
			j := t.Job(start)
			j.Run()
			t.Finish(j, start)
			changed := [2][]Row[item]{rows(ids[:n/100]...), rows(ids[:n/100]...)}
			for i := 0; b.Loop(); i++ {
				next := open()
				if !next.Resume(t, changed[i%2], nil, start) {
					b.Fatal("the rows are not taken over")
				}
				next.Render(f.Area(), start)
				t = next
			}
		})
	}
}
