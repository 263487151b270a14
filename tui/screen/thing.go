package screen

import (
	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

// Thing is what can be described, copied and exported: an entry of the store, or one that a list asks for.
type Thing struct {
	Kind  Kind   // Agent, Task, Job, Masters, Frameworks, Roles, Offers or Events; or Maintenance, Members, Files, Secrets, which are not in the store
	ID    string // as the store has it, or by which lookup finds it
	Value any    // a pointer to what is known of it, if it is not in the store and the list has asked for it
}

// Pointer is a screen whose cursor is on something, or that shows one thing. The app then knows what Describe, Raw and
// the menu of Copy are about.
type Pointer interface {
	Points() Thing // the zero Thing if it is on nothing
}

// Exporter is a screen with a table. Export is its rows as they are shown, with a line of titles; all says whether rows
// that the filter hides belong to them.
type Exporter interface {
	Export(all bool) (name string, titles []string, rows [][]string)
}

// Columner is a screen with a table whose columns can be chosen.
type Columner interface {
	// Columns are the names of all there are, those that are shown, and how the table is set up.
	Columns() (all []string, shown []table.Pick, set table.Columns)
	SetColumns(c table.Columns) // and keeps them; none are the configured or the usual ones
}

// Choose opens a menu; each choice ends in a message.
type Choose struct {
	Title   string
	Choices []Choice
}

// Choice is a line of a menu.
type Choice struct {
	Key  string // one letter
	Text string
	Note string // dim, behind the text
	Msg  tea.Msg
}

// Prompt opens the command line with a line to be completed.
type Prompt struct{ Line string }

// Texter is a screen that is a text. Name is a file's for it.
type Texter interface {
	Text() (name, text string)
}

// Confirm asks a question that changes nothing in the cluster; Msg follows if the answer is yes.
type Confirm struct {
	Title  string
	Lines  []string
	Button string
	Msg    tea.Msg
}

// Edit asks the app to have a text edited in the operator's editor, from a line on if Line is not 0. Edited comes back.
type Edit struct {
	Name, Text string
	Line       int
}

// Edited is a text that came back from the editor, and what it was before.
type Edited struct{ Before, Text string }

// Write asks the app to save a text on the operator's machine.
type Write struct{ Name, Text string }

// EventsOf opens what happened to the thing of a name.
func EventsOf(name string) tea.Cmd { return Send(Go{Target: Target{Kind: Events, Arg: name}}) }

// ArgOf is the argument of a Detail target: what it shows, and of which kind.
func ArgOf(t Thing, verb keys.Verb) string { return string(verb) + ":" + string(t.Kind) }
