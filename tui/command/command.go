// Package command reads what is typed behind ":": where to go, and what to do with whom. It completes names from what is
// known of the cluster. Nothing is done here: an action still asks. Start reading at Run.
package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/store"
)

// Messages for the app that no screen sends.
type (
	// Theme asks for another theme.
	Theme struct{ Name string }
	// Quit ends the console.
	Quit struct{}
	// Help opens the help overlay.
	Help struct{}
	// Mouse lets the mouse be used, or gives it back to the terminal.
	Mouse struct{}
	// Context goes to another cluster of the operator's configuration; without a name it asks for the names.
	Context struct{ Name string }
	// CheckConfig says what is wrong with the operator's configuration.
	CheckConfig struct{}
	// Pipe gives the text on the screen to a command of the operator's machine.
	Pipe struct{ Line string }
	// Pace is how often screens look at what has changed, at most; 0 is as the console likes.
	Pace struct{ Least time.Duration }
	// Do does what a key does.
	Do struct{ Verb keys.Verb }
)

// verb is a command.
type verb struct {
	name string
	help string
	kind screen.Kind                    // to go to, "" for a verb that does something else
	args func(*store.Snapshot) []Choice // what can follow, nil for nothing or anything
}

var verbs = []verb{
	{"overview", "the whole cluster", screen.Overview, nil},
	{"agents", "all agents, or those that pass a filter", screen.Agents, nil},
	{"tasks", "all tasks, or those that pass a filter", screen.Tasks, nil},
	{"jobs", "all jobs, or those that pass a filter", screen.Jobs, nil},
	{"frameworks", "all frameworks", screen.Frameworks, nil},
	{"roles", "the tree of roles", screen.Roles, nil},
	{"offers", "what is offered", screen.Offers, nil},
	{"maintenance", "all that is planned; schedule or cancel AGENT…", screen.Maintenance, nil},
	{"masters", "the masters", screen.Masters, nil},
	{"members", "who takes part in gossip", screen.Members, nil},
	{"events", "what happened", screen.Events, nil},
	{"secrets", "what jobs may know and nobody reads", screen.Secrets, nil},
	{"submit", "the form for a new job", screen.Submit, nil},
	{"agent", "one agent", screen.Agent, agentNames},
	{"task", "one task", screen.Task, taskNames},
	{"job", "one job", screen.Job, jobNames},
	{"log", "the log of a task", screen.Log, taskNames},
	{"shell", "[--user=U] [--record] TASK [COMMAND]", "", activeTasks},
	{"kill", "TASK [GRACE|now]: end a task…", "", activeTasks},
	{"teardown", "end a framework and all it runs…", "", presentFrameworks},
	{"stop", "end a job…", "", activeJobs},
	{"scale", "JOB INSTANCES…", "", livingJobs},
	{"restart", "replace the tasks of a service…", "", livingJobs},
	{"rollback", "JOB [VERSION]: an earlier version again…", "", livingJobs},
	{"trigger", "run a periodic job now…", "", livingJobs},
	{"drain", "end what runs on an agent: name, grace, gone…", "", presentAgents},
	{"deactivate", "launch nothing new on an agent…", "", presentAgents},
	{"reactivate", "use an agent again…", "", asideAgents},
	{"gone", "give an agent up for ever…", "", presentAgents},
	{"step-down", "[MASTER]: hand leadership to another master…", "", standbys},
	{"rescind", "take an offer back from its framework…", "", offerIDs},
	{"quota", "ROLE guarantee=cpus:2 limit=cpus:8, or none…", "", roleNames},
	{"weight", "ROLE WEIGHT…", "", roleNames},
	{"pipe", "COMMAND that gets the log or text on the screen", "", nil},
	{"undo", "stop what is about to begin, or undo", "", nil},
	{"columns", "choose a list's columns", "", nil},
	{"context", "another cluster of your configuration", "", nil},
	{"config", "check: what is wrong with your configuration", "", configWords},
	{"mouse", "use the mouse, or give it back to the terminal", "", nil},
	{"refresh", "how often screens change at most: 2s, or auto", "", paces},
	{"theme", "dark, light or auto", "", themes},
	{"help", "the keys that work here", "", nil},
	{"quit", "leave the console", "", nil},
}

func paces(*store.Snapshot) []Choice {
	return []Choice{{"auto", "ten times a second at most"}, {"1s", ""}, {"2s", ""}, {"5s", "for slow lines"}}
}

// slowest is the longest time between two looks: a console that seems to stand still misleads.
const slowest = 10 * time.Second

func pace(text string) (tea.Msg, error) {
	if text == "auto" {
		return Pace{}, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 || d > slowest {
		return nil, fmt.Errorf("%q is neither auto nor a time up to %s, such as 2s", text, slowest)
	}
	return Pace{d}, nil
}

func configWords(*store.Snapshot) []Choice {
	return []Choice{{"check", "what is wrong with which line"}}
}

func themes(*store.Snapshot) []Choice {
	return []Choice{{"dark", ""}, {"light", ""}, {"auto", "colours that do on both"}}
}

func agentNames(s *store.Snapshot) []Choice {
	var out []Choice
	for _, a := range s.Agents.Rows() {
		out = append(out, Choice{a.Name, fmt.Sprintf("%s, %d tasks", a.State, a.Tasks)})
	}
	return out
}

func presentAgents(s *store.Snapshot) []Choice {
	return slices.DeleteFunc(agentNames(s), func(c Choice) bool { return strings.HasPrefix(c.Help, reeveapi.AgentGone) })
}

// asideAgents are those that are not in use on an operator's word.
func asideAgents(s *store.Snapshot) []Choice {
	var out []Choice
	for _, a := range s.Agents.Rows() {
		if a.Deactivated {
			out = append(out, Choice{a.Name, a.State})
		}
	}
	return out
}

func taskNames(s *store.Snapshot) []Choice {
	var out []Choice
	for _, t := range s.Tasks.Rows() {
		out = append(out, Choice{label.Name(t), strings.ToLower(strings.TrimPrefix(t.State, "TASK_")) + " on " + t.AgentName})
	}
	return out
}

func activeTasks(s *store.Snapshot) []Choice {
	var out []Choice
	for _, t := range s.Tasks.Rows() {
		if t.Ended.IsZero() {
			out = append(out, Choice{label.Name(t), "on " + t.AgentName})
		}
	}
	return out
}

func jobNames(s *store.Snapshot) []Choice {
	var out []Choice
	for name, j := range s.Jobs.All() {
		out = append(out, Choice{name, j.State})
	}
	return out
}

func activeJobs(s *store.Snapshot) []Choice {
	return slices.DeleteFunc(jobNames(s), func(c Choice) bool { return c.Help != reeveapi.JobRunning && c.Help != reeveapi.JobPending })
}

// find is the verb of that name, or the only one that begins so.
func find(name string) *verb {
	name = strings.ToLower(name)
	var found *verb
	for i := range verbs {
		if verbs[i].name == name {
			return &verbs[i]
		}
		if name != "" && strings.HasPrefix(verbs[i].name, name) && found == nil {
			found = &verbs[i]
		}
	}
	return found
}

// Run reads a line and answers what the app shall do about it.
func Run(s *store.Snapshot, line string, now time.Time) (tea.Msg, error) {
	name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	rest = strings.TrimSpace(rest)
	if name == "" {
		return nil, nil
	}
	v := find(name)
	if v == nil {
		return nil, fmt.Errorf("there is no command %s; tab shows those that there are", name)
	}
	switch v.name {
	case "agent", "task", "log", "job":
		return one(s, v, rest)
	case "shell":
		return shellIn(s, rest)
	case "teardown":
		return teardown(s, rest)
	case "rescind":
		return rescind(s, rest, now)
	case "step-down":
		return stepDown(s, rest)
	case "kill":
		return kill(s, rest, now)
	case "stop":
		j := s.Jobs.Get(rest)
		if j == nil {
			return nil, fmt.Errorf("there is no job %s", rest)
		}
		act, err := action.StopJob(j)
		return screen.Ask{Action: act}, err
	case "scale", "restart", "rollback", "trigger":
		act, err := changeJob(s, v.name, rest)
		return screen.Ask{Action: act}, err
	case "drain", "deactivate", "reactivate", "gone":
		act, err := steer(s, v.name, strings.Fields(rest))
		return screen.Ask{Action: act}, err
	case "quota":
		return quota(s, rest)
	case "weight":
		return weight(s, rest)
	case "maintenance":
		if words := strings.Fields(rest); len(words) > 0 && upkeep[words[0]] != nil {
			return upkeep[words[0]](s, words[1:], now)
		}
	case "submit":
		return screen.Go{Target: screen.Target{Kind: v.kind}}, nil
	}
	if v.kind == "" {
		return setting(v.name, rest)
	}
	return screen.Top{Target: screen.Target{Kind: v.kind, Arg: rest}}, nil
}

// shellIn reads "[--user=NAME] [--record] TASK [COMMAND]", the command's words cut at spaces.
func shellIn(s *store.Snapshot, rest string) (tea.Msg, error) {
	out := screen.Shell{}
	name, line, _ := strings.Cut(rest, " ")
	for strings.HasPrefix(name, "--") {
		user, named := strings.CutPrefix(name, "--user=")
		switch {
		case named && user != "":
			out.User = user
		case name == "--record":
			out.Record = true
		default:
			return nil, fmt.Errorf("%s is neither --user=NAME nor --record", name)
		}
		name, line, _ = strings.Cut(strings.TrimLeft(line, " "), " ")
	}
	t, _, err := task(s, name)
	switch {
	case err != nil:
		return nil, err
	case !t.Ended.IsZero():
		return nil, fmt.Errorf("task %s has ended", name)
	case t.Container == "":
		return nil, fmt.Errorf("task %s does not run yet", name)
	}
	out.Task, out.Command = t, strings.Fields(line)
	return out, nil
}

// setting is a command about the console itself.
func setting(name, rest string) (tea.Msg, error) {
	switch name {
	case "theme":
		if rest != "dark" && rest != "light" && rest != "auto" {
			return nil, fmt.Errorf("a theme is dark, light or auto, not %q", rest)
		}
		return Theme{rest}, nil
	case "refresh":
		return pace(rest)
	case "mouse":
		return Mouse{}, nil
	case "context":
		return Context{rest}, nil
	case "config":
		if rest != "" && rest != "check" {
			return nil, fmt.Errorf("config check is all there is, not %q; \"reeve config\" shows the configuration", rest)
		}
		return CheckConfig{}, nil
	case "pipe":
		if rest == "" {
			return nil, errors.New("pipe into what? such as :pipe grep -c timeout")
		}
		return Pipe{rest}, nil
	case "undo":
		return Do{keys.Undo}, nil
	case "columns":
		return Do{keys.PickColumns}, nil
	case "help":
		return Help{}, nil
	}
	return Quit{}, nil
}

// one goes to one thing by its name or id.
func one(s *store.Snapshot, v *verb, name string) (tea.Msg, error) {
	target := screen.Target{Kind: v.kind}
	switch v.kind {
	case screen.Agent:
		target.ID = agent(s, name)
	case screen.Job:
		if s.Jobs.Get(name) != nil {
			target.ID = name
		}
	default:
		_, key, err := task(s, name)
		if err != nil {
			return nil, err
		}
		target.ID = key
	}
	if target.ID == "" {
		return nil, fmt.Errorf("there is no %s %s", v.name, name)
	}
	return screen.Go{Target: target}, nil
}

// task finds a task by its name, id or key. Of several with one name it takes the active one, then the newest.
func task(s *store.Snapshot, name string) (*reeveapi.Task, string, error) {
	var best *reeveapi.Task
	key := ""
	for k, t := range s.Tasks.All() {
		if t.Name != name && t.ID != name && k != name {
			continue
		}
		if best == nil || best.Ended.IsZero() == t.Ended.IsZero() && t.Launched.After(best.Launched) || !best.Ended.IsZero() && t.Ended.IsZero() {
			best, key = t, k
		}
	}
	if best == nil {
		return nil, "", fmt.Errorf("there is no task %s", name)
	}
	return best, key, nil
}
