package tuitest

import (
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/tui/cli"
	"codeberg.org/reeve/reeve/tui/console"
	"codeberg.org/reeve/reeve/tui/keys"
)

// oldPages are the pages of Mesos's web UI, in the order in which the table has them.
var oldPages = []string{"Home", "Frameworks", "Framework", "Agents", "Agent", "Browse", "Offers", "Roles", "Maintenance", "Navigation"}

// oldPage is a line of the table in mesos.md.
type oldPage struct {
	page, showed        string
	press, words, verbs []string
}

var code = regexp.MustCompile("`[^`]+`|[^` ]+")

// cells are the parts of a cell: what stands in backquotes, and words between.
func cells(cell string) (out []string) {
	for _, part := range code.FindAllString(cell, -1) {
		out = append(out, strings.Trim(part, "`"))
	}
	return out
}

// webUI reads the table.
func webUI(t *testing.T) (out []oldPage) {
	t.Helper()
	text, err := os.ReadFile("../../shared/docs/mesos.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "## Pages of the web UI\n")
	if !found {
		t.Fatal("mesos.md has no pages of the web UI")
	}
	section, _, _ := strings.Cut(rest, "\n## ")
	for line := range strings.Lines(section) {
		cols := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if !strings.HasPrefix(line, "| ") || len(cols) < 4 || strings.HasPrefix(line, "| ---") || strings.HasPrefix(line, "| the web") {
			continue
		}
		p := oldPage{page: strings.TrimSpace(cols[0]), showed: cols[1], press: cells(cols[2]), words: cells(cols[3])}
		if len(cols) > 4 {
			p.verbs = cells(cols[4])
		}
		out = append(out, p)
	}
	return out
}

// TestWebUI presses the keys that mesos.md names for each page of Mesos's web UI, and looks for what it promises.
func TestWebUI(t *testing.T) {
	t.Parallel()
	var pages []string
	for _, p := range webUI(t) {
		if len(p.press) == 0 || len(p.words) == 0 {
			t.Errorf("%s, %s: names no key, or nothing to look for", p.page, p.showed)
		}
		if len(pages) == 0 || pages[len(pages)-1] != p.page {
			pages = append(pages, p.page)
		}
		t.Run(p.page+" "+strings.Join(p.press, " "), func(t *testing.T) {
			Run(t, Options{W: 300, H: 60}, func(c *Console) {
				for _, key := range p.press {
					c.Press(key)
					c.Pass(time.Second) // what agents and masters are asked for comes
				}
				c.Expect(p.words...)
			})
		})
	}
	if !slices.Equal(pages, oldPages) {
		t.Errorf("the table has the pages %q, want %q", pages, oldPages)
	}
}

// TestWebUINames checks that each key in mesos.md's table is one of the console's, and each command one of the program's.
func TestWebUINames(t *testing.T) {
	t.Parallel()
	program, options := cli.New(io.Discard, io.Discard, nil), console.Options{}
	options.AddFlags(program.Flags())
	var bound []string
	for _, b := range keys.Table() {
		bound = append(bound, b.Keys...)
	}
	for _, p := range webUI(t) {
		for _, key := range p.press {
			if key != "agent-11" && !slices.Contains(bound, key) { // which is typed
				t.Errorf("%s: no screen has the key %q", p.page, key)
			}
		}
		for _, line := range p.verbs {
			words := strings.Fields(line)
			if words[0] != "reeve" {
				t.Errorf("%s: %q is no command line of reeve's", p.page, line)
				continue
			}
			verb, rest, err := program.Find(words[1:])
			if err == nil {
				err = verb.ParseFlags(rest)
			}
			if err != nil || len(verb.Flags().Args()) > 0 {
				t.Errorf("%s: reeve knows no %q: %v %q", p.page, line, err, verb.Flags().Args())
			}
		}
	}
}
