package table

import (
	"cmp"
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

type item struct {
	name string
	n    int
}

func columns() []Column[item] {
	return []Column[item]{
		{Name: "NAME", Width: 8, Max: 20, Text: func(i *item) (string, theme.Role) { return i.name, theme.Text }, Key: func(i *item) string { return i.name }},
		{Name: "N", Width: 6, Right: true, Rank: 1, Text: func(i *item) (string, theme.Role) { return fmt.Sprint(i.n), theme.Text }, Compare: Compare(func(i *item) int { return i.n })},
		{Name: "WIDE", Width: 6, Rank: 2, Wide: true, Text: func(*item) (string, theme.Role) { return "w", theme.Text }},
	}
}

func rows(ids ...int) []Row[item] {
	var out []Row[item]
	slices.Sort(ids)
	for _, i := range slices.Compact(ids) {
		out = append(out, Row[item]{fmt.Sprintf("%04d", i), &item{fmt.Sprintf("row-%d", i), 1000 - i}})
	}
	return out
}

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func draw(t *Table[item], now time.Time) {
	f := frame.New(60, 12, theme.New(theme.Options{}))
	t.Render(f.Area(), now)
}

// TestCursorIsARow drives a table with anything: keys, changes of rows, sorting. Whatever happens, the cursor stays on its
// row while that exists or is shown dimmed, is on the screen, and targets exist.
func TestCursorIsARow(t *testing.T) {
	verbs := []keys.Verb{
		keys.Up, keys.Down, keys.PageDown, keys.PageUp, keys.First, keys.Bottom, keys.Mark, keys.Range, keys.SortFlip, keys.SortRight,
		keys.Wide, keys.HalfDown, keys.Left, keys.Right,
	}
	rapid.Check(t, func(rt *rapid.T) {
		tab, now := New("none", columns()...), start
		var base []Row[item]
		for range rapid.IntRange(1, 40).Draw(rt, "turns") {
			now = now.Add(time.Duration(rapid.IntRange(0, 4000).Draw(rt, "ms")) * time.Millisecond)
			if rapid.Bool().Draw(rt, "key") {
				tab.Do(rapid.SampledFrom(verbs).Draw(rt, "verb"), now)
				draw(tab, now)
			} else {
				before, _ := tab.At()
				base = rows(rapid.SliceOfN(rapid.IntRange(0, 40), 0, 30).Draw(rt, "rows")...)
				tab.SetRows(base, now)
				draw(tab, now)
				after, _ := tab.At()
				if before.ID != "" && after.ID != before.ID {
					rt.Fatalf("the cursor went from %s to %s", before.ID, after.ID)
				}
			}
			if n := len(tab.view); n > 0 && (tab.at < tab.top || tab.at >= tab.top+tab.height) {
				rt.Fatalf("the cursor is at %d, the screen shows %d to %d", tab.at, tab.top, tab.top+tab.height)
			}
			for _, target := range tab.Targets() {
				if !slices.ContainsFunc(base, func(r Row[item]) bool { return r.ID == target.ID }) {
					rt.Fatalf("%s is a target and does not exist", target.ID)
				}
			}
		}
	})
}

func TestVanishedRowsStayDimmed(t *testing.T) {
	tab := New("none", columns()...)
	tab.SetRows(rows(1, 2, 3), start)
	draw(tab, start)
	tab.Do(keys.Down, start)
	tab.SetRows(rows(1, 3), start.Add(time.Second))
	draw(tab, start.Add(5*time.Second))
	row, alive := tab.At()
	if row.ID != "0002" || alive || len(tab.Targets()) != 0 {
		t.Errorf("the cursor is on %s, alive %v, targets %v; want 0002, dead, none", row.ID, alive, tab.Targets())
	}
	tab.Do(keys.Up, start.Add(6*time.Second))
	tab.SetRows(rows(1, 3), start.Add(30*time.Second))
	draw(tab, start.Add(30*time.Second))
	if shown, _ := tab.Len(); shown != 2 {
		t.Errorf("%d rows are shown after a while, want 2", shown)
	}
}

// TestACursorKeepsARowThatWasToGo puts the cursor on a dimmed row whose time is over, while rows stand still under the hand.
func TestACursorKeepsARowThatWasToGo(t *testing.T) {
	tab := New("none", columns()...)
	tab.SetRows(rows(1, 2), start)
	draw(tab, start)
	tab.SetRows(rows(1), start.Add(time.Second))
	draw(tab, start.Add(3*time.Second))
	tab.Do(keys.Up, start.Add(16*time.Second)) // rows stand still from here on
	tab.SetRows(rows(1), start.Add(17*time.Second))
	tab.Do(keys.Down, start.Add(17*time.Second))
	draw(tab, start.Add(19*time.Second))
	if row, alive := tab.At(); row.ID != "0002" || alive {
		t.Errorf("the cursor went to %s, alive %v; want it to stay on 0002, dimmed", row.ID, alive)
	}
}

// TestRowsStandStillUnderTheHand checks that a key just pressed holds the order, but not the values.
func TestRowsStandStillUnderTheHand(t *testing.T) {
	tab := New("none", columns()...)
	tab.SortBy("N", false)
	tab.SetRows(rows(1, 2, 3), start)
	draw(tab, start)
	tab.Do(keys.Down, start)
	changed := rows(1, 2, 3)
	changed[2].Val.n = 9999
	tab.SetRows(changed, start.Add(time.Second))
	draw(tab, start.Add(time.Second))
	if got := tab.view[0].ID; got != "0003" {
		t.Errorf("the first row is %s a second after a key, want still 0003", got)
	}
	draw(tab, start.Add(3*time.Second))
	if got := tab.view[2].ID; got != "0003" {
		t.Errorf("the last row is %s after a while, want 0003", got)
	}
}

func TestMarksSurviveTheFilter(t *testing.T) {
	tab := New("none", columns()...)
	tab.SetRows(rows(1, 2, 3), start)
	tab.Do(keys.Mark, start)
	tab.SetFilter(func(i *item) bool { return i.name == "row-3" }, false)
	ids, hidden := tab.Marks()
	if len(ids) != 1 || ids[0] != "0001" || hidden != 1 {
		t.Errorf("marks are %v, %d hidden; want 0001, hidden", ids, hidden)
	}
}

// TestNewsAreMarkedForAMoment looks at the signs before rows that are new or have changed.
func TestNewsAreMarkedForAMoment(t *testing.T) {
	tab := New("none", columns()...)
	tab.Differs = func(was, is *item) bool { return was.n != is.n }
	signs := func(now time.Time) string {
		f := frame.New(60, 12, theme.New(theme.Options{}))
		tab.Render(f.Area(), now)
		out := ""
		for _, line := range strings.Split(f.Plain(), "\n")[1:5] {
			out += (line + " ")[:1]
		}
		return out
	}
	tab.SetRows(rows(1, 2, 3), start)
	if got := signs(start); got != "    " {
		t.Errorf("%q at first, want no signs", got)
	}
	next := rows(1, 2, 3, 4)
	next[1].Val.n = 7 // rows(…) makes others that are the same
	tab.SetRows(next, start.Add(10*time.Second))
	if got := signs(start.Add(11 * time.Second)); got != " ~ +" {
		t.Errorf("%q after a change, want the second and fourth marked", got)
	}
	if got := signs(start.Add(12 * time.Second)); got != "    " {
		t.Errorf("%q two seconds later, want no signs", got)
	}
	tab.Reset(rows(1, 2, 3, 4))
	if got := signs(start.Add(13 * time.Second)); got != "    " {
		t.Errorf("%q in another tab, want no signs", got)
	}
}

func TestNatural(t *testing.T) {
	want := []string{"", "a", "a-1", "a-2", "a-10", "a1b2", "a1b10", "b", "web-02", "web-2", "web-3"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, Natural)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestNaturalIsThePlainWalk compares with what Natural means, said in the simplest way.
func TestNaturalIsThePlainWalk(t *testing.T) {
	plain := func(a, b string) int {
		i, j := 0, 0
		for i < len(a) && j < len(b) {
			if !digit(a[i]) || !digit(b[j]) {
				if a[i] != b[j] {
					return cmp.Compare(a[i], b[j])
				}
				i, j = i+1, j+1
				continue
			}
			x, y := number(a[i:]), number(b[j:])
			i, j = i+len(x), j+len(y)
			x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
			if c := cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y)); c != 0 {
				return c
			}
		}
		return cmp.Or(cmp.Compare(len(a)-i, len(b)-j), strings.Compare(a, b))
	}
	name := rapid.StringOfN(rapid.RuneFrom([]rune("0129ab-")), 0, 8, -1)
	rapid.Check(t, func(rt *rapid.T) {
		a, b := name.Draw(rt, "a"), name.Draw(rt, "b")
		if got, want := Natural(a, b), plain(a, b); got != want {
			rt.Fatalf("Natural(%q, %q) is %d, want %d", a, b, got, want)
		}
	})
}

// TestALongListIsKeptInStep does the same to a table that keeps its order in step with what changes and to one that makes
// it anew each time: they must show the same, whatever happens.
func TestALongListIsKeptInStep(t *testing.T) {
	verbs := []keys.Verb{keys.Up, keys.Down, keys.PageDown, keys.Bottom, keys.Mark, keys.SortFlip, keys.SortRight}
	rapid.Check(t, func(rt *rapid.T) {
		patched, plain, now := New("none", columns()...), New("none", columns()...), start
		patched.many, plain.many = -1, 1<<30
		base := rows()
		for range rapid.IntRange(1, 30).Draw(rt, "turns") {
			now = now.Add(time.Duration(rapid.IntRange(0, 6000).Draw(rt, "ms")) * time.Millisecond)
			switch rapid.IntRange(0, 5).Draw(rt, "what") {
			case 0:
				verb := rapid.SampledFrom(verbs).Draw(rt, "verb")
				patched.Do(verb, now)
				plain.Do(verb, now)
			case 1:
				var keep func(*item) bool
				if n := rapid.IntRange(0, 3).Draw(rt, "filter"); n > 0 {
					keep = func(i *item) bool { return i.n%n == 0 }
				}
				patched.SetFilter(keep, false)
				plain.SetFilter(keep, false)
			default:
				before := base
				base = others(rt, base)
				if rapid.Bool().Draw(rt, "all") {
					patched.SetRows(base, now)
				} else {
					patched.Change(differences(before, base), missing(before, base), now)
				}
				plain.SetRows(base, now)
			}
			patched.touched, plain.touched, patched.built, plain.built = time.Time{}, time.Time{}, time.Time{}, time.Time{} // nothing stands still
			draw(patched, now)
			draw(plain, now)
			if got, want := shown(patched), shown(plain); got != want {
				rt.Fatalf("kept in step: %s\nmade anew:    %s", got, want)
			}
			if patched.cursor != plain.cursor || patched.at != plain.at {
				rt.Fatalf("the cursor is on %s (%d), want %s (%d)", patched.cursor, patched.at, plain.cursor, plain.at)
			}
		}
	})
}

// shown is what one sees of a table.
func shown(t *Table[item]) string {
	var b strings.Builder
	for _, n := range t.view {
		fmt.Fprintf(&b, "%s=%d there:%v ", n.ID, n.placed.n, n.there())
	}
	return b.String()
}

func differences(before, after []Row[item]) []Row[item] {
	return slices.DeleteFunc(slices.Clone(after), func(r Row[item]) bool { return slices.Contains(before, r) })
}

// missing are the ids of rows that are no more.
func missing(before, after []Row[item]) []string {
	var out []string
	for _, r := range before {
		if !slices.ContainsFunc(after, func(o Row[item]) bool { return o.ID == r.ID }) {
			out = append(out, r.ID)
		}
	}
	return out
}

// others are rows of which some have come, gone or changed.
func others(rt *rapid.T, base []Row[item]) []Row[item] {
	next := slices.Clone(base)
	for range rapid.IntRange(0, 6).Draw(rt, "changes") {
		id := fmt.Sprintf("%04d", rapid.IntRange(0, 30).Draw(rt, "id"))
		at, found := slices.BinarySearchFunc(next, id, func(r Row[item], id string) int { return strings.Compare(r.ID, id) })
		row := Row[item]{id, &item{"row-" + id, rapid.IntRange(0, 9).Draw(rt, "n")}}
		switch {
		case !found:
			next = slices.Insert(next, at, row)
		case rapid.Bool().Draw(rt, "goes"):
			next = slices.Delete(next, at, at+1)
		default:
			next[at] = row
		}
	}
	return next
}

// BenchmarkChanges is a tenth of a second of a long list: a hundred rows change, and the list is drawn. Once a second it
// takes its new order.
func BenchmarkChanges(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			ids := make([]int, n)
			for i := range ids {
				ids[i] = i
			}
			base := rows(ids...)
			tab, f, now := New("none", columns()...), frame.New(140, 40, theme.New(theme.Options{})), start
			tab.SortBy("N", false)
			for i := 0; b.Loop(); i++ {
				now = now.Add(100 * time.Millisecond)
				base = slices.Clone(base)
				for k := range 100 {
					at := (i*7919 + k*104729) % n
					base[at].Val = &item{base[at].Val.name, (base[at].Val.n + i) % n}
				}
				tab.SetRows(base, now)
				tab.Render(f.Area(), now)
			}
		})
	}
}

func BenchmarkRender(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		ids := make([]int, n)
		for i := range ids {
			ids[i] = i
		}
		all := rows(ids...)
		b.Run(fmt.Sprintf("down-%d", n), func(b *testing.B) {
			tab := New("none", columns()...)
			tab.SetRows(all, start)
			f := frame.New(140, 40, theme.New(theme.Options{}))
			for b.Loop() {
				tab.Do(keys.Down, start)
				tab.Render(f.Area(), start)
			}
		})
		b.Run(fmt.Sprintf("refresh-%d", n), func(b *testing.B) {
			tab := New("none", columns()...)
			f := frame.New(140, 40, theme.New(theme.Options{}))
			for b.Loop() {
				tab.SetRows(all, start)
				tab.Render(f.Area(), start)
			}
		})
	}
}
