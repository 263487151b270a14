package table

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Columns says which columns are shown. The zero value shows the usual ones.
type Columns struct {
	Set string `json:"set,omitempty"` // Usual, Wide or Own; "" is Own if there is one, else Usual
	Own []Pick `json:"own,omitempty"` // the operator's own set, in order
}

// The sets.
const (
	Usual = "usual" // without those that are wide and those that there is no room for
	Wide  = "wide"  // all; what does not fit is reached by scrolling
	Own   = "own"   // those that were picked, likewise
)

// Over is what c, chosen in the console, comes to where the configuration says something, too.
func (c Columns) Over(configured []Pick) Columns {
	if len(c.Own) == 0 {
		c.Own = configured
	}
	return c
}

// Pick is a column in a set of one's own.
type Pick struct {
	Name  string
	Width int // in columns of the terminal; 0 leaves it to the table
}

// maxWidth bounds what a pick can ask for.
const maxWidth = 200

// ParsePick reads "STATE" or "STATE:12".
func ParsePick(text string) (Pick, error) {
	name, number, wide := strings.Cut(text, ":")
	p := Pick{Name: strings.TrimSpace(name)}
	if p.Name == "" {
		return Pick{}, fmt.Errorf("%q names no column", text)
	}
	if !wide {
		return p, nil
	}
	n, err := strconv.Atoi(strings.TrimSpace(number))
	if err != nil || n < 1 || n > maxWidth {
		return Pick{}, fmt.Errorf("%q has a width that is not a number from 1 to %d", text, maxWidth)
	}
	p.Width = n
	return p, nil
}

// String writes what ParsePick reads.
func (p Pick) String() string {
	if p.Width > 0 {
		return p.Name + ":" + strconv.Itoa(p.Width)
	}
	return p.Name
}

// MarshalText is String, so that files have one word for a pick.
func (p Pick) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText is ParsePick.
func (p *Pick) UnmarshalText(text []byte) error {
	pick, err := ParsePick(string(text))
	*p = pick
	return err
}

// Same says whether two names are one column's: case does not matter, nor whether words are parted by spaces or dashes.
func Same(a, b string) bool {
	fold := func(s string) string { return strings.NewReplacer("-", " ", "_", " ").Replace(strings.ToLower(s)) }
	return fold(a) == fold(b)
}

// Names are all columns there are.
func (t *Table[T]) Names() []string {
	out := make([]string, len(t.cols))
	for i, c := range t.cols {
		out[i] = c.Name
	}
	return out
}

// Columns is which columns are shown.
func (t *Table[T]) Columns() Columns { return Columns{Set: t.set, Own: slices.Clone(t.own)} }

// SetColumns shows columns. Picks that name none are left out.
func (t *Table[T]) SetColumns(c Columns) {
	t.own, t.picked, t.skip = nil, nil, 0
	for _, p := range c.Own {
		if i := slices.IndexFunc(t.cols, func(c Column[T]) bool { return Same(c.Name, p.Name) }); i >= 0 && !slices.Contains(t.picked, i) {
			t.own, t.picked = append(t.own, p), append(t.picked, i)
		}
	}
	switch t.set = c.Set; {
	case c.Set == Wide:
	case len(t.own) > 0 && (c.Set == Own || c.Set == ""):
		t.set = Own
	default:
		t.set = Usual
	}
}

// Shown are the picks that stand for what is shown now, to begin a set of one's own with.
func (t *Table[T]) Shown() []Pick {
	if t.set == Own {
		return slices.Clone(t.own)
	}
	var out []Pick
	for _, i := range t.current() {
		out = append(out, Pick{Name: t.cols[i].Name})
	}
	return out
}

// Beyond is how many columns are reached by scrolling, to the left and to the right.
func (t *Table[T]) Beyond() (left, right int) {
	if t.set == Usual {
		return t.skip, 0
	}
	return t.skip, t.hidden
}

// current are the columns of the current set in order.
func (t *Table[T]) current() []int {
	if t.set == Own {
		return slices.Clone(t.picked)
	}
	out := make([]int, 0, len(t.cols))
	for i, c := range t.cols {
		if !c.Wide || t.set == Wide {
			out = append(out, i)
		}
	}
	return out
}

// nextSet goes from the usual columns to all, to one's own if there are any, and back.
func (t *Table[T]) nextSet() {
	switch {
	case t.set == Usual:
		t.set = Wide
	case t.set == Wide && len(t.own) > 0:
		t.set = Own
	default:
		t.set = Usual
	}
	t.skip = 0
}

// rank says which columns go first when space runs out. In the usual set that is the column's own word; where an operator
// wants all of them, the last go, and are reached by scrolling.
func (t *Table[T]) rank(col int) int {
	if t.set == Usual {
		return t.cols[col].Rank
	}
	return 0
}

// bounds are the least and the most width of a column.
func (t *Table[T]) bounds(col int) (least, most int) {
	if t.fixed(col) {
		w := t.own[slices.Index(t.picked, col)].Width
		return w, w
	}
	return t.cols[col].Width, t.cols[col].Max
}

// fixed says whether an operator has said how wide a column is.
func (t *Table[T]) fixed(col int) bool {
	if t.set != Own {
		return false
	}
	i := slices.Index(t.picked, col)
	return i >= 0 && t.own[i].Width > 0
}
