package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
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
	formTable = "table"
	formWide  = "wide"
	formJSON  = "json"
	formYAML  = "yaml"
	formName  = "name"
)

func (a *app) checkOutput() error {
	switch a.output {
	case formTable, formWide, formJSON, formYAML, formName:
		return nil
	}
	return a.report(usagef("-o %q is no form of output; use table, wide, json, yaml or name", a.output))
}

// column is a column of a table of T.
type column[T any] struct {
	head string
	wide bool // shown with -o wide only
	cell func(T) string
}

// listing says how a list of T is shown. name is what other verbs take.
type listing[T any] struct {
	columns []column[T]
	name    func(T) string
	empty   string // what a person is told if there is nothing
}

// show prints a list in the form that -o asks for.
func show[T any](a *app, items []T, l listing[T]) error {
	switch a.output {
	case formJSON, formYAML:
		if items == nil {
			items = []T{}
		}
		return a.showData(items)
	case formName:
		for _, item := range items {
			fmt.Fprintln(a.stdout, oneLine(l.name(item)))
		}
		return nil
	}
	if len(items) == 0 {
		fmt.Fprintln(a.stderr, l.empty)
		return nil
	}
	var heads []string
	var shown []column[T]
	for _, c := range l.columns {
		if !c.wide || a.output == formWide {
			heads, shown = append(heads, c.head), append(shown, c)
		}
	}
	rows := [][]string{heads}
	for _, item := range items {
		row := make([]string, len(shown))
		for i, c := range shown {
			row[i] = c.cell(item)
		}
		rows = append(rows, row)
	}
	_, err := a.stdout.Write(align(rows))
	return err
}

// showData prints anything as JSON or YAML, with the keys of the API in their order.
func (a *app) showData(value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	if a.output == formYAML {
		if text, err = toYAML(text); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(a.stdout, string(bytes.TrimRight(text, "\n")))
	return err
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
	widths := map[int]int{}
	for _, row := range rows {
		for i := range row {
			if row[i] = oneLine(row[i]); row[i] == "" {
				row[i] = "-"
			}
			widths[i] = max(widths[i], ansi.StringWidth(row[i]))
		}
	}
	var out bytes.Buffer
	for _, row := range rows {
		for i, cell := range row {
			out.WriteString(cell)
			if i < len(row)-1 {
				out.WriteString(strings.Repeat(" ", widths[i]-ansi.StringWidth(cell)+2))
			}
		}
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// oneLine makes a text safe to print between others: names and messages come from tasks, and could contain escapes.
func oneLine(text string) string {
	text = strings.TrimSpace(text)
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

// age writes how long ago something was, in one unit.
func age(now, t time.Time) string {
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

// number writes an amount without needless digits.
func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// megabytes writes MB as people read them.
func megabytes(mb float64) string {
	switch {
	case mb >= 1<<20:
		return strconv.FormatFloat(mb/(1<<20), 'f', 1, 64) + " TB"
	case mb >= 10<<10:
		return strconv.FormatFloat(mb/(1<<10), 'f', 1, 64) + " GB"
	default:
		return number(mb) + " MB"
	}
}

// share writes "used/total" of an amount.
func share(used, total float64, write func(float64) string) string {
	return write(used) + "/" + write(total)
}

// unfinished counts tasks by state for one cell: "3 running, 1 staging".
func tally(counts map[string]int, states []string, label func(string) string) string {
	var parts []string
	for _, state := range states {
		if n := counts[state]; n > 0 {
			parts = append(parts, strconv.Itoa(n)+" "+label(state))
		}
	}
	return strings.Join(parts, ", ")
}

func amountColumns[T any](of func(T) reeveapi.Amounts) []column[T] {
	return []column[T]{
		{head: "CPUS", cell: func(t T) string { return number(of(t).CPUs) }},
		{head: "MEM", cell: func(t T) string { return megabytes(of(t).Mem) }},
		{head: "DISK", wide: true, cell: func(t T) string { return megabytes(of(t).Disk) }},
	}
}
