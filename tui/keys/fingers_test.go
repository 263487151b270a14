package keys

import (
	"slices"
	"testing"
)

// finger is a key that operators press without looking, and what they mean by it.
type finger struct {
	where []Scope // all of these screens
	keys  []string
	verb  Verb
}

// Screens by what they are.
var (
	everyList = []Scope{Agents, Agent, Tasks, Jobs, Job, Frameworks, Roles, Offers, Masters, Members, Events, Maintenance, Secrets, Files}
	everyText = []Scope{Log, Text}
	scrolled  = append(append([]Scope{Overview, Task}, everyList...), everyText...)
	ofTasks   = []Scope{Tasks, Task, Agent}
)

// fingers are the keys that may not move: what hands know from k9s, less, vim, lazydocker and gh-dash, as far as they agree. Who
// changes one of them changes what operators have learnt, and says so in the changelog. Where the console has another key than k9s
// on purpose, it stands in others.
var fingers = []finger{
	// Moving is vim's, and less's.
	{scrolled, []string{"j", "down"}, Down},
	{scrolled, []string{"k", "up"}, Up},
	{scrolled, []string{"g", "home"}, First},
	{scrolled, []string{"G", "end"}, Bottom},
	{scrolled, []string{"ctrl+d"}, HalfDown}, // k9s deletes with it; who means that loses nothing here
	{scrolled, []string{"ctrl+u"}, HalfUp},
	{scrolled, []string{"pgdown", "ctrl+f"}, PageDown},
	{scrolled, []string{"pgup", "ctrl+b"}, PageUp},
	{append(slices.Clone(everyList), everyText...), []string{"left"}, Left},
	{append(slices.Clone(everyList), everyText...), []string{"right"}, Right},
	{everyText, []string{" "}, PageDown},
	{everyText, []string{"b"}, PageUp},

	// Getting about is k9s's.
	{[]Scope{Overview, Agents, Agent, Tasks, Task, Jobs, Job, Frameworks, Roles, Offers, Members, Events, Maintenance, Secrets, Files}, []string{"enter"}, Open},
	{scrolled, []string{"esc"}, Back},
	{scrolled, []string{"q"}, Leave},
	{scrolled, []string{"-"}, Last},
	{scrolled, []string{"["}, Older},
	{scrolled, []string{"]"}, Newer},
	{scrolled, []string{":"}, Command},
	{scrolled, []string{"?"}, Help},
	{scrolled, []string{"x"}, Actions},
	{scrolled, []string{"ctrl+c"}, Quit},
	{scrolled, []string{"ctrl+z"}, Suspend}, // k9s shows faults with it; a shell's meaning counts for more over SSH
	{scrolled, []string{"ctrl+r"}, Refresh},
	{[]Scope{Agent, Tasks, Task, Frameworks, Log, Text}, []string{"tab"}, NextTab},
	{[]Scope{Agent, Tasks, Task, Frameworks, Log, Text}, []string{"shift+tab"}, PrevTab},
	{[]Scope{Overview, Agents, Tasks, Frameworks, Roles, Offers, Masters, Maintenance}, []string{"1"}, GoOver},
	{[]Scope{Overview, Agents, Tasks, Frameworks, Roles, Offers, Masters, Maintenance}, []string{"2"}, GoAgents},
	{[]Scope{Overview, Agents, Tasks, Frameworks, Roles, Offers, Masters, Maintenance}, []string{"3"}, GoTasks},
	{[]Scope{Overview, Agents, Tasks, Frameworks, Roles, Offers, Masters, Maintenance}, []string{"4"}, GoFrames},
	{[]Scope{Overview, Agents, Tasks, Frameworks, Roles, Offers, Masters, Maintenance}, []string{"5"}, GoRoles},
	{[]Scope{Overview, Agents, Tasks, Frameworks, Roles, Offers, Masters, Maintenance}, []string{"6"}, GoOffers},
	{[]Scope{Overview, Agents, Tasks, Frameworks, Roles, Offers, Masters, Maintenance}, []string{"7"}, GoMasters},
	{[]Scope{Overview, Agents, Tasks, Frameworks, Roles, Offers, Masters, Maintenance}, []string{"8"}, GoEvents},
	{[]Scope{Overview, Agents, Tasks, Frameworks, Roles, Offers, Masters, Maintenance}, []string{"9"}, GoMaint},

	// Finding: a list is filtered, a text is searched.
	{everyList, []string{"/"}, Filter},
	{everyText, []string{"/"}, Search},
	{everyText, []string{"n"}, NextHit},
	{everyText, []string{"N"}, PrevHit},
	{[]Scope{Log}, []string{"&"}, OnlyHits},
	{[]Scope{Agents, Tasks, Jobs, Offers, Events}, []string{"!"}, Problems},
	{everyList, []string{"shift+left"}, SortLeft},
	{everyList, []string{"shift+right"}, SortRight},
	{everyList, []string{"O"}, SortFlip},
	{everyList, []string{"N"}, SortName},
	{everyList, []string{"A"}, SortAge},
	{everyList, []string{"S"}, SortState},

	// Marks are k9s's.
	{everyList, []string{" "}, Mark},
	{everyList, []string{"ctrl+@"}, Range},
	{everyList, []string{"ctrl+\\"}, Unmark},

	// What is done to things: k9s's letters, and ctrl+k for what ends something.
	{ofTasks, []string{"ctrl+k"}, Kill},
	{[]Scope{Frameworks}, []string{"ctrl+k"}, Teardown},
	{[]Scope{Jobs, Job}, []string{"ctrl+k"}, StopJob},
	{[]Scope{Offers}, []string{"ctrl+k"}, Rescind},
	{[]Scope{Maintenance}, []string{"ctrl+k"}, Unplan},
	{[]Scope{Secrets}, []string{"ctrl+k"}, RemoveSecret},
	{[]Scope{Roles}, []string{"ctrl+k"}, RemoveQuota},
	{append([]Scope{Overview, Jobs, Job}, ofTasks...), []string{"l"}, Logs},
	{[]Scope{Agents}, []string{"l"}, DaemonLog},
	{[]Scope{Agents, Agent}, []string{"r", "ctrl+t"}, Drain}, // k9s uncordons with u; the other keys are older ones of ours
	{[]Scope{Agents, Agent}, []string{"u", "ctrl+e"}, Reactivate},
	{ofTasks, []string{"p"}, PrevLogs},
	{append([]Scope{Job, Files}, ofTasks...), []string{"s"}, Shell},
	{ofTasks, []string{"a"}, PickShell}, // k9s attaches with it
	{[]Scope{Jobs, Job}, []string{"i"}, ScaleJob},
	{ofTasks, []string{"f"}, ShowFiles},
	{[]Scope{Overview, Agents, Agent, Tasks, Task, Jobs, Job, Frameworks, Roles, Masters, Maintenance}, []string{"e"}, ShowEvents},
	{[]Scope{Tasks, Task}, []string{"o"}, GoAgent},
	{[]Scope{Overview, Agents, Agent, Tasks, Task, Jobs, Job, Frameworks, Roles, Offers, Masters, Maintenance, Events}, []string{"n"}, New},
	{append([]Scope{Task}, everyList...), []string{"d"}, Describe},
	{append([]Scope{Task}, everyList...), []string{"y"}, Raw},
	{append(append([]Scope{Task}, everyList...), everyText...), []string{"c"}, Copy},
	{append([]Scope{Task}, everyList...), []string{"C"}, CopyMenu},
	{everyText, []string{"ctrl+s"}, Save},
	{[]Scope{Agents, Agent, Tasks, Task, Jobs, Job, Frameworks, Roles, Offers, Masters, Members, Events, Maintenance, Secrets}, []string{"ctrl+s"}, Export},
	{append([]Scope{Task}, everyList...), []string{"ctrl+y"}, CopyCommand},
	{everyList, []string{"ctrl+w"}, Wide},
	{everyList, []string{"v"}, Preview},
	{everyList, []string{"+"}, PaneMore},
	{everyList, []string{"_"}, PaneLess},
	{append([]Scope{Overview, Task}, everyList...), []string{"P"}, Freeze},

	// Logs are kl's and less's.
	{[]Scope{Log}, []string{"F", "s", "0"}, Follow},
	{[]Scope{Log}, []string{"P"}, Pause},
	{[]Scope{Log}, []string{"w"}, Wrap},
	{[]Scope{Log}, []string{"t"}, Times},
	{[]Scope{Log}, []string{"p"}, Pretty},
	{[]Scope{Log}, []string{"o"}, Stdout},
	{[]Scope{Log}, []string{"e"}, Stderr},
	{[]Scope{Log}, []string{"a"}, BothStreams},
	{[]Scope{Log}, []string{"1"}, SinceStart},
	{[]Scope{Log}, []string{"2"}, Since1m},
	{[]Scope{Log}, []string{"3"}, Since5m},
	{[]Scope{Log}, []string{"4"}, Since15m},
	{[]Scope{Log}, []string{"5"}, Since30m},
	{[]Scope{Log}, []string{"6"}, Since1h},
	{everyText, []string{"f"}, FullScreen},
	{everyText, []string{"v"}, Pager},
	{everyText, []string{"|"}, Pipe},
	{[]Scope{Text}, []string{"E"}, Editor},

	// Forms.
	{[]Scope{Submit, Secret, Window}, []string{"tab"}, NextField},
	{[]Scope{Submit, Secret, Window}, []string{"shift+tab"}, PrevField},
	{[]Scope{Submit, Secret, Window}, []string{"ctrl+x"}, Send},
	{[]Scope{Submit}, []string{"ctrl+e"}, Editor},
	{[]Scope{Submit}, []string{"ctrl+p"}, AsFile},
	{[]Scope{Submit}, []string{"ctrl+y"}, CopyCommand},
}

// others are keys that k9s has and the console has not, and where their meaning is: what nothing brings back is on no lone letter, and
// nothing that changes the cluster on a capital, with which a torn escape sequence could end.
var others = []struct {
	where    Scope
	theirs   string
	ours     string
	verb     Verb
	stillHas Verb // what their key means here, "" if nothing
}{
	{Masters, "S", "ctrl+t", StepDown, SortState},
	{Tasks, "ctrl+d", "ctrl+k", Kill, HalfDown},
	{Maintenance, "ctrl+d", "ctrl+k", Unplan, HalfDown},
}

// chain is the chain of scopes of a screen.
func chain(s Scope) []Scope {
	if slices.Contains(everyList, s) {
		return []Scope{s, List}
	}
	return []Scope{s}
}

// TestFingers holds the table against what hands know.
func TestFingers(t *testing.T) {
	for _, f := range fingers {
		for _, where := range f.where {
			for _, key := range f.keys {
				b, ok := Lookup(chain(where), key)
				if !ok || b.Verb != f.verb {
					t.Errorf("%s in %s is %q, hands know it as %q", key, where, b.Verb, f.verb)
				}
			}
		}
	}
}

// TestOthers holds the exceptions: the verb is where they say, and the key that hands look for does nothing else that changes something.
func TestOthers(t *testing.T) {
	for _, o := range others {
		if b, _ := Lookup(chain(o.where), o.ours); b.Verb != o.verb || !b.Dangerous {
			t.Errorf("%s in %s is %q, want %q, which asks first", o.ours, o.where, b.Verb, o.verb)
		}
		if b, _ := Lookup(chain(o.where), o.theirs); b.Verb != o.stillHas || b.Dangerous {
			t.Errorf("%s in %s is %q, want %q: hands that know k9s press it", o.theirs, o.where, b.Verb, o.stillHas)
		}
	}
}
