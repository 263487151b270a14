package tuitest

import (
	"errors"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/tui/app"
)

// TestFormAsFile edits a job as a file and goes back: what the form has no field for is kept, also in the draft and in
// what is submitted; a mistake is told with its line, and the file is not lost.
func TestFormAsFile(t *testing.T) {
	t.Parallel()
	turn := 0
	tool := func(tool app.Tool) error {
		turn++
		switch turn {
		case 1:
			if tool.Kind != app.Editor || tool.Name != "canary.yaml" || !strings.Contains(tool.Text, "name: canary\n") {
				t.Errorf("the editor got %+v, want the job", tool)
			}
			*tool.Result = strings.Replace(tool.Text, "role:", "rule:", 1)
		case 2:
			if tool.At == 0 || !strings.Contains(strings.Split(tool.Text, "\n")[tool.At-1], "rule:") {
				t.Errorf("the editor begins at line %d of %s, want the line with the mistake", tool.At, tool.Text)
			}
			*tool.Result = strings.Replace(tool.Text, "rule:", "role:", 1) + "labels: {team: shop}\n"
		case 3:
			*tool.Result = "# nothing\n"
		default:
			return errors.New("the editor is broken")
		}
		return nil
	}
	Run(t, Options{Tool: tool}, func(c *Console) {
		c.Press("n", "canary", "tab", "tab", "sleep 9", "ctrl+e")
		c.Expect("This is no job", "rule", "line ", "Edit again")
		c.Press("tab", "enter")
		c.Expect("the form has what the file says", "canary", "sleep 9")
		c.Press("ctrl+e")
		c.Expect("nothing was changed")
		c.Press("ctrl+e")
		c.Expect("the editor is broken", "sleep 9")
		c.Press("esc", "n")
		c.Expect("team=shop")
		c.Press("ctrl+p")
		c.Expect("team: shop")
		c.Press("ctrl+x", "tab", "enter")
		c.Press("y")
		c.Expect("team: shop")
	})
}

// TestPagerAndPipe gives a log to the operator's programs.
func TestPagerAndPipe(t *testing.T) {
	t.Parallel()
	var got []app.Tool
	Run(t, Options{Tool: func(tool app.Tool) error { got = append(got, tool); return nil }}, func(c *Console) {
		c.Press("3", "/", "web-api.3", "enter", "l", "v", "|", "wc -l", "enter", "esc", "d", "E")
		if len(got) != 3 || got[0].Kind != app.Pager || !strings.Contains(got[0].Text, "GET /healthz") || got[1].Kind != app.Pipe || got[1].Line != "wc -l" ||
			got[1].Text != got[0].Text || got[2].Kind != app.Editor || got[2].Result != nil || !strings.HasSuffix(got[2].Name, ".txt") {
			t.Errorf("the programs got %+v", got)
		}
		c.Press("2", ":", "pipe wc", "enter")
		c.Expect("there is no text here")
	})
	Run(t, Options{}, func(c *Console) {
		c.Press("3", "l", "v")
		c.Expect("there are no programs here")
	})
}
