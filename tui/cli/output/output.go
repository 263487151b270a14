// Package output prints what verbs answer: lists as aligned tables, and everything as JSON or YAML. It owns the forms of
// output and how amounts and times are written; it never asks anybody for anything. Start reading at Show.
package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/charmbracelet/x/ansi"
	"gopkg.in/yaml.v3"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// The forms of output.
const (
	Table = "table"
	Wide  = "wide"
	JSON  = "json"
	YAML  = "yaml"
	Name  = "name"
)

// Printer is where and how a verb prints.
type Printer struct {
	Form string // one of the above
	Out  io.Writer
	Err  io.Writer // for what is not data
}

// Check refuses a form that does not exist.
func (p Printer) Check() error {
	switch p.Form {
	case Table, Wide, JSON, YAML, Name:
		return nil
	}
	return fmt.Errorf("-o %q is no form of output; use table, wide, json, yaml or name", p.Form)
}

// Tabular says whether a person reads it.
func (p Printer) Tabular() bool { return p.Form == Table || p.Form == Wide }

// Column is a column of a table of T.
type Column[T any] struct {
	Head string
	Wide bool // shown with -o wide only
	Cell func(T) string
}

// Listing says how a list of T is shown. Name is what other verbs take.
type Listing[T any] struct {
	Columns []Column[T]
	Name    func(T) string
	Empty   string // what a person is told if there is nothing
}

// Show prints a list in the form that is asked for.
func Show[T any](p Printer, items []T, l Listing[T]) error {
	switch p.Form {
	case JSON, YAML:
		if items == nil {
			items = []T{}
		}
		return p.Data(items)
	case Name:
		for _, item := range items {
			fmt.Fprintln(p.Out, OneLine(l.Name(item)))
		}
		return nil
	}
	rows := NewRows(p, l)
	for _, item := range items {
		rows.Add(item)
	}
	return rows.Show()
}

// Rows is a table that is printed when all of it has come.
type Rows[T any] struct {
	printer Printer
	listing Listing[T]
	shown   []Column[T]
	cells   [][]string // the heads first
}

// NewRows begins a table in one of the forms that a person reads.
func NewRows[T any](p Printer, l Listing[T]) *Rows[T] {
	r := &Rows[T]{printer: p, listing: l}
	var heads []string
	for _, c := range l.Columns {
		if !c.Wide || p.Form == Wide {
			heads, r.shown = append(heads, c.Head), append(r.shown, c)
		}
	}
	r.cells = append(r.cells, heads)
	return r
}

// Add adds a row.
func (r *Rows[T]) Add(item T) {
	row := make([]string, len(r.shown))
	for i, c := range r.shown {
		row[i] = c.Cell(item)
	}
	r.cells = append(r.cells, row)
}

// Sort puts the rows, which are numbered from 0 as they were added, in an order.
func (r *Rows[T]) Sort(compare func(i, j int) int) {
	order := make([]int, len(r.cells)-1)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, compare)
	cells := r.cells[:1:1]
	for _, i := range order {
		cells = append(cells, r.cells[i+1])
	}
	r.cells = cells
}

// Show prints all rows, or says that there are none.
func (r *Rows[T]) Show() error {
	if len(r.cells) == 1 {
		fmt.Fprintln(r.printer.Err, r.listing.Empty)
		return nil
	}
	_, err := r.printer.Out.Write(align(r.cells))
	return err
}

// Data prints anything as JSON or YAML, with the keys of the API in their order.
func (p Printer) Data(value any) error {
	compact, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	text := indent(compact)
	if p.Form == YAML {
		if text, err = toYAML(text); err != nil {
			return err
		}
	}
	_, err = p.Out.Write(append(bytes.TrimRight(text, "\n"), '\n'))
	return err
}

// indent does what json.Indent does with two blanks, to what json.Marshal wrote, which needs no checks: in a fraction of the
// time.
func indent(compact []byte) []byte {
	out := make([]byte, 0, 2*len(compact))
	depth := 0
	line := func() {
		out = append(out, '\n')
		for range depth {
			out = append(out, "  "...)
		}
	}
	for i := 0; i < len(compact); i++ {
		switch c := compact[i]; c {
		case '"':
			end := i + 1
			for compact[end] != '"' {
				if compact[end] == '\\' {
					end++
				}
				end++
			}
			out = append(out, compact[i:end+1]...)
			i = end
		case '{', '[':
			out = append(out, c)
			if next := compact[i+1]; next == '}' || next == ']' {
				out = append(out, next)
				i++
				continue
			}
			depth++
			line()
		case '}', ']':
			depth--
			line()
			out = append(out, c)
		case ',':
			out = append(out, c)
			line()
		case ':':
			out = append(out, ": "...)
		default:
			out = append(out, c)
		}
	}
	return out
}

// toYAML keeps the order of keys: JSON is YAML in another style.
func toYAML(text []byte) ([]byte, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	plain(&document)
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&document); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	return out.Bytes(), nil
}

func plain(node *yaml.Node) {
	node.Style = 0
	for _, child := range node.Content {
		plain(child)
	}
}

// align pads cells to columns. A terminal is what reads them, so that nothing in a cell may steer it.
func align(rows [][]string) []byte {
	var widths []int // of the columns
	size := 0
	for _, row := range rows {
		for i := range row {
			if row[i] = OneLine(row[i]); row[i] == "" {
				row[i] = "-"
			}
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], width(row[i]))
			size += len(row[i])
		}
	}
	for _, w := range widths {
		size += len(rows) * (w + 2) // more than enough for cells that are as wide as long
	}
	out := bytes.NewBuffer(make([]byte, 0, size))
	for _, row := range rows {
		for i, cell := range row {
			out.WriteString(cell)
			if i < len(row)-1 {
				for range widths[i] - width(cell) + 2 {
					out.WriteByte(' ')
				}
			}
		}
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// width is how many columns of a terminal a line takes.
func width(line string) int {
	if simple(line) {
		return len(line)
	}
	return ansi.StringWidth(line)
}

// simple says whether a text consists of the printable characters of ASCII, as most do.
func simple(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// OneLine makes a text safe to print between others: names and messages come from tasks, and could contain escapes.
func OneLine(text string) string {
	if text = strings.TrimSpace(text); simple(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsPrint(r):
			return r
		default:
			return unicode.ReplacementChar
		}
	}, text)
}

// Age writes how long ago something was, in one unit.
func Age(now, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	d := max(0, now.Sub(t))
	switch {
	case d < 2*time.Minute:
		return strconv.Itoa(int(d.Seconds())) + "s"
	case d < 2*time.Hour:
		return strconv.Itoa(int(d.Minutes())) + "m"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + "h"
	default:
		return strconv.Itoa(int(d.Hours()/24)) + "d"
	}
}

// Number writes an amount without needless digits.
func Number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// Megabytes writes MB as people read them.
func Megabytes(mb float64) string {
	switch {
	case mb >= 1<<20:
		return strconv.FormatFloat(mb/(1<<20), 'f', 1, 64) + " TB"
	case mb >= 10<<10:
		return strconv.FormatFloat(mb/(1<<10), 'f', 1, 64) + " GB"
	default:
		return Number(mb) + " MB"
	}
}

// Share writes "used/total" of an amount.
func Share(used, total float64, write func(float64) string) string {
	return write(used) + "/" + write(total)
}

// Tally counts tasks by state for one cell: "3 running, 1 staging".
func Tally(counts map[string]int, states []string, label func(string) string) string {
	var parts []string
	for _, state := range states {
		if n := counts[state]; n > 0 {
			parts = append(parts, strconv.Itoa(n)+" "+label(state))
		}
	}
	return strings.Join(parts, ", ")
}

// AmountColumns are the columns of what something has or wants.
func AmountColumns[T any](of func(T) reeveapi.Amounts) []Column[T] {
	return []Column[T]{
		{Head: "CPUS", Cell: func(t T) string { return Number(of(t).CPUs) }},
		{Head: "MEM", Cell: func(t T) string { return Megabytes(of(t).Mem) }},
		{Head: "DISK", Wide: true, Cell: func(t T) string { return Megabytes(of(t).Disk) }},
	}
}
