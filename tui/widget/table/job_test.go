package table

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/theme"
)

// seen are the rows of the view that are there.
func seen(t *Table[item]) []string {
	var out []string
	for _, n := range t.view {
		if n.there() {
			out = append(out, fmt.Sprint(n.ID, " ", n.val().n))
		}
	}
	return out
}

// TestJobsBuildTheSame gives two tables the same rows, orders and filters. One has jobs, which end whenever they like; in
// the end both show the same.
func TestJobsBuildTheSame(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		plain, now := New("none", columns()...), start
		slow := New("none", columns()...)
		slow.Jobs, slow.far, slow.many = true, 0, 0
		both := func(do func(*Table[item])) { do(plain); do(slow) }
		var running *Job[item]
		for range rapid.IntRange(1, 40).Draw(rt, "turns") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(rt, "ms")) * time.Millisecond)
			drawn := rows(rapid.SliceOfN(rapid.IntRange(0, 60), 0, 20).Draw(rt, "rows")...)
			for i := range drawn {
				drawn[i].Val.n = rapid.IntRange(0, 5).Draw(rt, "n")
			}
			var gone []string
			for _, i := range rapid.SliceOfN(rapid.IntRange(0, 60), 0, 5).Draw(rt, "gone") {
				gone = append(gone, fmt.Sprintf("%04d", i))
			}
			filter := rapid.SampledFrom([]string{"", "1", "2", "row-3"}).Draw(rt, "filter")
			verb := rapid.SampledFrom([]keys.Verb{keys.Down, keys.SortFlip, keys.SortRight, keys.Bottom, keys.Mark}).Draw(rt, "verb")
			switch rapid.IntRange(0, 6).Draw(rt, "what") {
			case 0:
				both(func(t *Table[item]) { t.SetRows(drawn, now) })
			case 1, 2:
				both(func(t *Table[item]) { t.Change(drawn, gone, now) })
			case 3:
				both(func(t *Table[item]) { t.Reset(drawn) })
			case 4:
				both(func(t *Table[item]) {
					if filter == "" {
						t.SetFilter(nil, false)
					} else {
						t.SetFilter(func(i *item) bool { return strings.Contains(i.name, filter) }, false)
					}
				})
			case 5:
				both(func(t *Table[item]) { t.Do(verb, now) })
			}
			both(func(t *Table[item]) { draw(t, now) })
			if next := slow.Job(now); next != nil {
				if running != nil {
					rt.Fatal("there are two jobs at once")
				}
				running = next
				running.Run()
			}
			if running != nil && rapid.Bool().Draw(rt, "ends") {
				slow.Finish(running, now)
				running = nil
			}
		}
		now = now.Add(time.Hour)
		both(func(t *Table[item]) { t.Change(rows(1, 2), nil, now) })
		if running != nil {
			slow.Finish(running, now)
		}
		for job := slow.Job(now); job != nil; job = slow.Job(now) {
			job.Run()
			slow.Finish(job, now)
		}
		both(func(t *Table[item]) { draw(t, now.Add(time.Hour)) })
		if got, want := seen(slow), seen(plain); !slices.Equal(got, want) {
			rt.Fatalf("with jobs:\n%s\nwithout:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// TestAJobThatIsNotWantedAnyMore types two letters of a filter before the first is looked for.
func TestAJobThatIsNotWantedAnyMore(t *testing.T) {
	tab := New("none", columns()...)
	tab.Jobs, tab.far = true, 0
	finish := func() {
		job := tab.Job(start)
		job.Run()
		tab.Finish(job, start)
	}
	tab.Reset(rows(1, 2, 12))
	draw(tab, start)
	if got, want := seen(tab), []string{"0001 999", "0002 998", "0012 988"}; !slices.Equal(got, want) {
		t.Fatalf("%q can be seen before all rows are in order, want %q", got, want)
	}
	finish()
	if shown, _ := tab.Len(); shown != 3 {
		t.Fatalf("%d rows are shown", shown)
	}
	has := func(text string) func(*item) bool {
		return func(i *item) bool { return strings.Contains(i.name, text) }
	}
	tab.SetFilter(has("1"), false)
	late := tab.Job(start)
	late.Run()
	tab.SetFilter(has("12"), false)
	if again := tab.Job(start); again != nil {
		t.Error("there is a second job while the first is not finished")
	}
	tab.Finish(late, start)
	if shown, _ := tab.Len(); shown != 3 {
		t.Errorf("%d rows are shown of a filter that nobody wants any more", shown)
	}
	if _, written := tab.Export(false); len(written) != 1 {
		t.Errorf("%d rows are exported, want the one that passes", len(written))
	}
	if job := tab.Job(start); job != nil {
		t.Error("there is still something to do")
	}
}

// TestAJobThatWasOvertaken has so many rows vanish while a job is done that the table puts the others in their places itself.
func TestAJobThatWasOvertaken(t *testing.T) {
	tab := New("none", columns()...)
	tab.Jobs, tab.far = true, 1
	tab.Change(rows(1, 2), nil, start)
	late := tab.Job(start)
	late.Run()
	tab.Change(nil, []string{"0001"}, start)
	draw(tab, start)
	tab.Change(rows(3), nil, start.Add(time.Minute))
	draw(tab, start.Add(time.Minute))
	tab.Finish(late, start.Add(time.Minute))
	if got, want := seen(tab), []string{"0002 998", "0003 997"}; !slices.Equal(got, want) {
		t.Errorf("%q are shown, want %q", got, want)
	}
}

// TestAJobIsDoneBesideTheLoop changes rows while a job looks at them, for the race detector's eyes.
func TestAJobIsDoneBesideTheLoop(t *testing.T) {
	tab := New("none", columns()...)
	tab.Jobs, tab.far = true, 0
	ids := make([]int, 500)
	for i := range ids {
		ids[i] = i
	}
	tab.Change(rows(ids...), nil, start)
	tab.SetFilter(func(i *item) bool { return strings.Contains(i.name, "7") }, false)
	job := tab.Job(start)
	var wg sync.WaitGroup
	wg.Go(job.Run)
	for i := range 100 {
		tab.Change(rows(ids[:50+i]...), []string{fmt.Sprintf("%04d", 400+i)}, start)
		draw(tab, start)
	}
	wg.Wait()
	tab.Finish(job, start)
	draw(tab, start.Add(time.Hour))
	want := 0
	for i := range 400 {
		if strings.Contains(fmt.Sprint(i), "7") {
			want++
		}
	}
	if got := len(seen(tab)); got != want {
		t.Errorf("%d rows are shown, want %d", got, want)
	}
}

// BenchmarkAsk is what a letter of a filter costs the loop on a hundred thousand rows: all else is a job's.
func BenchmarkAsk(b *testing.B) {
	ids := make([]int, 100_000)
	for i := range ids {
		ids[i] = i
	}
	tab, f := New("none", columns()...), frame.New(140, 40, theme.New(theme.Options{}))
	tab.Jobs = true
	tab.Reset(rows(ids...))
	finish := func(job *Job[item]) {
		job.Run()
		tab.Finish(job, start)
	}
	finish(tab.Job(start))
	for i := 0; b.Loop(); i++ {
		tab.SetFilter(func(r *item) bool { return r.n%(i%7+1) == 0 }, false)
		job := tab.Job(start)
		tab.Render(f.Area(), start)
		b.StopTimer()
		finish(job)
		b.StartTimer()
	}
}

// TestARowThatComesBack has a row that was let go of come back, and one come that never was, while a job is done.
func TestARowThatComesBack(t *testing.T) {
	tab := New("none", columns()...)
	tab.Jobs, tab.far, tab.many = true, 1, 0
	now := start
	finish := func() {
		job := tab.Job(now)
		job.Run()
		tab.Finish(job, now)
	}
	tab.Reset(rows(1, 2, 3, 5))
	draw(tab, now)
	finish()
	tab.Change(nil, []string{"0002"}, now)
	draw(tab, now)
	now = now.Add(time.Minute)
	tab.Change(rows(5), nil, now) // 0002 is let go of
	tab.Do(keys.SortFlip, now)
	now = now.Add(time.Minute)
	late := tab.Job(now)
	late.Run()
	tab.Change(rows(2, 4), []string{"0003"}, now)
	draw(tab, now)
	tab.Finish(late, now)
	draw(tab, now)
	if got, want := seen(tab), []string{"0005 995", "0004 996", "0002 998", "0001 999"}; !slices.Equal(got, want) {
		t.Errorf("%q are shown, want %q", got, want)
	}
}
