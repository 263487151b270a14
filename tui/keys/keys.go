// Package keys is the one table of keys: what is pressed where, what it means, and how help and footer name it. Nothing
// else in the console compares key names, except text fields, which take what is typed. It never acts. Start reading at
// Table.
package keys

import "slices"

// Verb is what a key asks for.
type Verb string

// Scope is where a binding works. Scopes form a chain: the screen's own first, then what it has in common with others,
// then Global; the first binding found wins.
type Scope string

// The scopes.
const (
	Global      Scope = "everywhere"
	List        Scope = "lists"
	Overview    Scope = "overview"
	Agents      Scope = "agents"
	Agent       Scope = "agent"
	Tasks       Scope = "tasks"
	Task        Scope = "task"
	Jobs        Scope = "jobs"
	Job         Scope = "job"
	Frameworks  Scope = "frameworks"
	Roles       Scope = "roles"
	Offers      Scope = "offers"
	Maintenance Scope = "maintenance"
	Masters     Scope = "masters"
	Members     Scope = "members"
	Events      Scope = "events"
	Secrets     Scope = "secrets"
	Secret      Scope = "secret"
	Window      Scope = "window"
	Shells      Scope = "shells"
	Log         Scope = "log"
	Files       Scope = "files"
	Text        Scope = "text"
	Submit      Scope = "submit"
	Dialog      Scope = "dialog"
	Menu        Scope = "menu"
	Columns     Scope = "columns"
)

// Form says whether a scope is that of a form: its fields take letters, and its own keys all else.
func (s Scope) Form() bool { return s == Submit || s == Secret || s == Window }

// Group is the heading of help under which a binding stands.
type Group string

// The groups, in the order of the help overlay.
const (
	Move Group = "MOVE"
	Do   Group = "DO"
	Find Group = "FIND"
	See  Group = "SEE"
)

// Groups lists the groups in the order in which help shows them.
func Groups() []Group { return []Group{Move, Do, Find, See} }

// Binding is one row of the table.
type Binding struct {
	Scope     Scope
	Keys      []string // as bubbletea names them
	Verb      Verb
	Help      string // a phrase for the help overlay
	Foot      string // a word for the footer, "" if it is not shown there
	Group     Group
	Enters    bool // it gets an operator into a task: it is off in read-only mode
	Dangerous bool // it changes the cluster: it asks first, and it is off while data are old or in read-only mode
}

// Show is how the binding's first key is written for people.
func (b Binding) Show() string { return Name(b.Keys[0]) }

// Name is how one key is written for people.
func Name(key string) string {
	switch key {
	case " ":
		return "space"
	case "ctrl+@":
		return "ctrl+space"
	case "up":
		return "↑"
	case "down":
		return "↓"
	case "left":
		return "←"
	case "right":
		return "→"
	case "shift+left":
		return "shift+←"
	case "shift+right":
		return "shift+→"
	}
	return key
}

// Lookup finds the binding of a key in a chain of scopes, innermost first; Global need not be named.
func Lookup(scopes []Scope, key string) (Binding, bool) {
	for _, scope := range append(slices.Clip(scopes), Global) {
		for _, b := range table {
			if b.Scope == scope && slices.Contains(b.Keys, key) {
				return b, true
			}
		}
	}
	return Binding{}, false
}

// In lists the bindings that work in a chain of scopes, innermost first, without those that an inner scope hides.
func In(scopes []Scope) []Binding {
	var out []Binding
	taken := map[string]bool{}
	for _, scope := range append(slices.Clip(scopes), Global) {
		for _, b := range table {
			if b.Scope != scope || !slices.ContainsFunc(b.Keys, func(k string) bool { return !taken[k] }) {
				continue
			}
			out = append(out, b)
			for _, k := range b.Keys {
				taken[k] = true
			}
		}
	}
	return out
}

// Table is a copy of the whole table, for tests and documentation.
func Table() []Binding { return slices.Clone(table) }
