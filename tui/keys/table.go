package keys

// The verbs.
const (
	Quit      Verb = "quit"
	Back      Verb = "back"
	Leave     Verb = "leave" // q: back, and out of the program on the overview
	Help      Verb = "help"
	Actions   Verb = "actions"
	Command   Verb = "command"
	Refresh   Verb = "refresh"
	Older     Verb = "older-screen"
	Newer     Verb = "newer-screen"
	Freeze    Verb = "freeze"
	Preview   Verb = "preview"
	Suspend   Verb = "suspend"
	Last      Verb = "last"
	GoOver    Verb = "go-overview"
	GoAgents  Verb = "go-agents"
	GoTasks   Verb = "go-tasks"
	GoFrames  Verb = "go-frameworks"
	GoRoles   Verb = "go-roles"
	GoOffers  Verb = "go-offers"
	GoMaint   Verb = "go-maintenance"
	TakeDown  Verb = "take-down"
	BringBack Verb = "bring-back"
	Unplan    Verb = "cancel-maintenance"
	GoMasters Verb = "go-masters"
	GoEvents  Verb = "go-events"
	GoJobs    Verb = "go-jobs"

	Up          Verb = "up"
	Down        Verb = "down"
	First       Verb = "first"
	Bottom      Verb = "bottom"
	HalfUp      Verb = "half-up"
	HalfDown    Verb = "half-down"
	PageUp      Verb = "page-up"
	PageDown    Verb = "page-down"
	Left        Verb = "left"
	Right       Verb = "right"
	NextTab     Verb = "next-tab"
	PrevTab     Verb = "previous-tab"
	Open        Verb = "open"
	Mark        Verb = "mark"
	Range       Verb = "mark-range"
	Unmark      Verb = "unmark-all"
	Filter      Verb = "filter"
	Problems    Verb = "problems"
	SortLeft    Verb = "sort-left"
	SortRight   Verb = "sort-right"
	SortFlip    Verb = "sort-flip"
	Wide        Verb = "wide"
	Logs        Verb = "logs"
	Shell       Verb = "shell"
	ShowFiles   Verb = "files"
	ParentDir   Verb = "parent-directory"
	Kill        Verb = "kill"
	Teardown    Verb = "teardown"
	StopJob     Verb = "stop-job"
	Edit        Verb = "edit"
	ScaleJob    Verb = "scale-job"
	RestartJob  Verb = "restart-job"
	RollbackJob Verb = "rollback-job"
	TriggerJob  Verb = "trigger-job"
	Drain       Verb = "drain"
	Deactivate  Verb = "deactivate"
	Reactivate  Verb = "reactivate"
	Gone        Verb = "gone"
	New         Verb = "new"
	GoAgent     Verb = "agent"
	ShowEvents  Verb = "events"
	Copy        Verb = "copy"
	CopyCommand Verb = "copy-command"
	AsFile      Verb = "as-file"
	Load        Verb = "load"
	CopyMenu    Verb = "copy-menu"
	Describe    Verb = "describe"
	Raw         Verb = "raw"
	Export      Verb = "export"
	Follow      Verb = "follow"
	Pause       Verb = "pause"
	Search      Verb = "search"
	NextHit     Verb = "next-hit"
	PrevHit     Verb = "previous-hit"
	OnlyHits    Verb = "only-hits"
	SinceStart  Verb = "since-start"
	Since1m     Verb = "since-1m"
	Since5m     Verb = "since-5m"
	Since15m    Verb = "since-15m"
	Since30m    Verb = "since-30m"
	Since1h     Verb = "since-1h"
	Wrap        Verb = "wrap"
	Stdout      Verb = "stdout"
	Stderr      Verb = "stderr"
	Save        Verb = "save"
	NextField   Verb = "next-field"
	PrevField   Verb = "previous-field"
	Send        Verb = "submit"
	Press       Verb = "press"
	Cancel      Verb = "cancel"
	NextButton  Verb = "next-button"
	PrevButton  Verb = "previous-button"
	Clear       Verb = "clear"
	SetQuota    Verb = "set-quota"
	RemoveQuota Verb = "remove-quota"
	SetWeight   Verb = "set-weight"
)

// table is read in this order by footer and help. The overview's line of numbers shows only screens that exist.
var table = []Binding{
	// What a row or a screen can do.
	{Scope: Overview, Keys: []string{"enter"}, Verb: Open, Help: "open what needs you", Foot: "open", Group: Do},
	{Scope: Overview, Keys: []string{"up", "k"}, Verb: Up, Help: "line of ATTENTION", Group: Move},
	{Scope: Overview, Keys: []string{"down", "j"}, Verb: Down, Help: "line of ATTENTION", Group: Move},
	{Scope: Overview, Keys: []string{"n"}, Verb: New, Help: "submit a job", Foot: "new", Group: Do},

	{Scope: Agents, Keys: []string{"enter"}, Verb: Open, Help: "open the agent", Foot: "open", Group: Do},
	{Scope: Agents, Keys: []string{"ctrl+t"}, Verb: Drain, Help: "drain, or all marked…", Foot: "drain…", Group: Do, Dangerous: true},
	{Scope: Agents, Keys: []string{"ctrl+e"}, Verb: Reactivate, Help: "use it again…", Group: Do, Dangerous: true},
	{Scope: Agents, Keys: []string{"ctrl+o"}, Verb: Deactivate, Help: "launch nothing new…", Group: Do, Dangerous: true},
	{Scope: Agents, Keys: []string{"ctrl+g"}, Verb: Gone, Help: "give up for ever…", Group: Do, Dangerous: true},
	{Scope: Agents, Keys: []string{"c"}, Verb: Copy, Help: "copy its id", Group: Do},

	{Scope: Agent, Keys: []string{"enter"}, Verb: Open, Help: "open the task", Foot: "task", Group: Do},
	{Scope: Agent, Keys: []string{"l"}, Verb: Logs, Help: "logs of the task", Foot: "logs", Group: Do},
	{Scope: Agent, Keys: []string{"s"}, Verb: Shell, Help: "a shell in the task", Foot: "shell", Group: Do, Enters: true},
	{Scope: Agent, Keys: []string{"f"}, Verb: ShowFiles, Help: "files of the task", Group: Do},
	{Scope: Agent, Keys: []string{"ctrl+k"}, Verb: Kill, Help: "kill the task…", Foot: "kill…", Group: Do, Dangerous: true},
	{Scope: Agent, Keys: []string{"ctrl+t"}, Verb: Drain, Help: "drain the agent…", Foot: "drain…", Group: Do, Dangerous: true},
	{Scope: Agent, Keys: []string{"ctrl+e"}, Verb: Reactivate, Help: "use it again…", Group: Do, Dangerous: true},
	{Scope: Agent, Keys: []string{"ctrl+o"}, Verb: Deactivate, Help: "launch nothing new…", Group: Do, Dangerous: true},
	{Scope: Agent, Keys: []string{"ctrl+g"}, Verb: Gone, Help: "give up for ever…", Group: Do, Dangerous: true},
	{Scope: Agent, Keys: []string{"tab"}, Verb: NextTab, Help: "tabs", Foot: "next tab", Group: Move},
	{Scope: Agent, Keys: []string{"shift+tab"}, Verb: PrevTab, Help: "tabs", Group: Move},
	{Scope: Agent, Keys: []string{"c"}, Verb: Copy, Help: "copy the agent's id", Group: Do},

	{Scope: Tasks, Keys: []string{"enter"}, Verb: Open, Help: "open the task", Foot: "open", Group: Do},
	{Scope: Tasks, Keys: []string{"l"}, Verb: Logs, Help: "logs", Foot: "logs", Group: Do},
	{Scope: Tasks, Keys: []string{"s"}, Verb: Shell, Help: "a shell in it", Foot: "shell", Group: Do, Enters: true},
	{Scope: Tasks, Keys: []string{"f"}, Verb: ShowFiles, Help: "its files", Group: Do},
	{Scope: Tasks, Keys: []string{"ctrl+k"}, Verb: Kill, Help: "kill, or all marked…", Foot: "kill…", Group: Do, Dangerous: true},
	{Scope: Tasks, Keys: []string{"n"}, Verb: New, Help: "new, like this", Foot: "new", Group: Do},
	{Scope: Tasks, Keys: []string{"o"}, Verb: GoAgent, Help: "its agent", Foot: "agent", Group: Do},
	{Scope: Tasks, Keys: []string{"e"}, Verb: ShowEvents, Help: "its events", Group: See},
	{Scope: Tasks, Keys: []string{"tab"}, Verb: NextTab, Help: "tabs", Foot: "next tab", Group: Move},
	{Scope: Tasks, Keys: []string{"shift+tab"}, Verb: PrevTab, Help: "tabs", Group: Move},
	{Scope: Tasks, Keys: []string{"!"}, Verb: Problems, Help: "only problems", Group: Find},
	{Scope: Tasks, Keys: []string{"c"}, Verb: Copy, Help: "copy its id", Group: Do},

	{Scope: Task, Keys: []string{"l"}, Verb: Logs, Help: "logs", Foot: "logs", Group: Do},
	{Scope: Task, Keys: []string{"enter"}, Verb: Open, Help: "logs", Group: Do},
	{Scope: Task, Keys: []string{"s"}, Verb: Shell, Help: "a shell in it", Foot: "shell", Group: Do, Enters: true},
	{Scope: Task, Keys: []string{"f"}, Verb: ShowFiles, Help: "its files", Foot: "files", Group: Do},
	{Scope: Task, Keys: []string{"ctrl+k"}, Verb: Kill, Help: "kill…", Foot: "kill…", Group: Do, Dangerous: true},
	{Scope: Task, Keys: []string{"n"}, Verb: New, Help: "new, like this", Foot: "clone…", Group: Do},
	{Scope: Task, Keys: []string{"o"}, Verb: GoAgent, Help: "its agent", Foot: "agent", Group: Do},
	{Scope: Task, Keys: []string{"e"}, Verb: ShowEvents, Help: "its events", Foot: "events", Group: See},
	{Scope: Task, Keys: []string{"tab"}, Verb: NextTab, Help: "tabs", Foot: "next tab", Group: Move},
	{Scope: Task, Keys: []string{"shift+tab"}, Verb: PrevTab, Help: "tabs", Group: Move},
	{Scope: Task, Keys: []string{"down", "j"}, Verb: Down, Help: "scroll", Group: Move},
	{Scope: Task, Keys: []string{"up", "k"}, Verb: Up, Help: "scroll", Group: Move},
	{Scope: Task, Keys: []string{"d"}, Verb: Describe, Help: "describe", Group: See},
	{Scope: Task, Keys: []string{"y"}, Verb: Raw, Help: "as YAML, JSON", Group: See},
	{Scope: Task, Keys: []string{"C"}, Verb: CopyMenu, Help: "copy: what else", Group: Do},
	{Scope: Task, Keys: []string{"c"}, Verb: Copy, Help: "copy its id", Foot: "copy id", Group: Do},

	{Scope: Jobs, Keys: []string{"enter"}, Verb: Open, Help: "open the job", Foot: "open", Group: Do},
	{Scope: Jobs, Keys: []string{"ctrl+k"}, Verb: StopJob, Help: "stop the job…", Foot: "stop…", Group: Do, Dangerous: true},
	{Scope: Jobs, Keys: []string{"E"}, Verb: Edit, Help: "change it", Foot: "edit", Group: Do},
	{Scope: Jobs, Keys: []string{"S"}, Verb: ScaleJob, Help: "scale", Foot: "scale", Group: Do},
	{Scope: Jobs, Keys: []string{"R"}, Verb: RestartJob, Help: "restart", Group: Do},
	{Scope: Jobs, Keys: []string{"B"}, Verb: RollbackJob, Help: "roll back", Group: Do},
	{Scope: Jobs, Keys: []string{"T"}, Verb: TriggerJob, Help: "run now", Group: Do},
	{Scope: Jobs, Keys: []string{"n"}, Verb: New, Help: "new, like this", Foot: "new", Group: Do},
	{Scope: Jobs, Keys: []string{"c"}, Verb: Copy, Help: "copy its name", Group: Do},

	{Scope: Job, Keys: []string{"enter"}, Verb: Open, Help: "open the task", Foot: "task", Group: Do},
	{Scope: Job, Keys: []string{"l"}, Verb: Logs, Help: "logs of the task", Foot: "logs", Group: Do},
	{Scope: Job, Keys: []string{"ctrl+k"}, Verb: StopJob, Help: "stop the job…", Foot: "stop…", Group: Do, Dangerous: true},
	{Scope: Job, Keys: []string{"E"}, Verb: Edit, Help: "change it", Foot: "edit", Group: Do},
	{Scope: Job, Keys: []string{"S"}, Verb: ScaleJob, Help: "scale", Foot: "scale", Group: Do},
	{Scope: Job, Keys: []string{"R"}, Verb: RestartJob, Help: "restart", Group: Do},
	{Scope: Job, Keys: []string{"B"}, Verb: RollbackJob, Help: "roll back", Group: Do},
	{Scope: Job, Keys: []string{"T"}, Verb: TriggerJob, Help: "run now", Group: Do},
	{Scope: Job, Keys: []string{"n"}, Verb: New, Help: "new, like this", Foot: "clone…", Group: Do},
	{Scope: Job, Keys: []string{"ctrl+y"}, Verb: CopyCommand, Help: "copy as a command line", Group: Do},
	{Scope: Job, Keys: []string{"c"}, Verb: Copy, Help: "copy its name", Group: Do},

	{Scope: Frameworks, Keys: []string{"enter"}, Verb: Open, Help: "its tasks", Foot: "tasks", Group: Do},
	{Scope: Frameworks, Keys: []string{"ctrl+k"}, Verb: Teardown, Help: "tear down, or all marked…", Foot: "tear down…", Group: Do, Dangerous: true},
	{Scope: Frameworks, Keys: []string{"d"}, Verb: Describe, Help: "describe it", Foot: "describe", Group: See},
	{Scope: Frameworks, Keys: []string{"tab"}, Verb: NextTab, Help: "tabs", Foot: "next tab", Group: Move},
	{Scope: Frameworks, Keys: []string{"shift+tab"}, Verb: PrevTab, Help: "tabs", Group: Move},
	{Scope: Frameworks, Keys: []string{"c"}, Verb: Copy, Help: "copy its id", Foot: "copy id", Group: Do},

	{Scope: Roles, Keys: []string{"enter"}, Verb: Open, Help: "frameworks in the role", Foot: "frameworks", Group: Do},
	{Scope: Roles, Keys: []string{"Q"}, Verb: SetQuota, Help: "set its quota", Foot: "quota", Group: Do},
	{Scope: Roles, Keys: []string{"W"}, Verb: SetWeight, Help: "set its weight", Foot: "weight", Group: Do},
	{Scope: Roles, Keys: []string{"ctrl+k"}, Verb: RemoveQuota, Help: "take its quota away…", Group: Do, Dangerous: true},
	{Scope: Roles, Keys: []string{"c"}, Verb: Copy, Help: "copy its name", Group: Do},

	{Scope: Offers, Keys: []string{"enter"}, Verb: Open, Help: "open the agent", Foot: "agent", Group: Do},
	{Scope: Offers, Keys: []string{"!"}, Verb: Problems, Help: "only those held long", Foot: "held long", Group: Find},
	{Scope: Offers, Keys: []string{"c"}, Verb: Copy, Help: "copy its id", Foot: "copy id", Group: Do},

	{Scope: Maintenance, Keys: []string{"enter"}, Verb: Open, Help: "its agent", Foot: "agent", Group: Do},
	{Scope: Maintenance, Keys: []string{"ctrl+t"}, Verb: TakeDown, Help: "take it down…", Foot: "take down…", Group: Do, Dangerous: true},
	{Scope: Maintenance, Keys: []string{"ctrl+e"}, Verb: BringBack, Help: "bring it back…", Foot: "bring back…", Group: Do, Dangerous: true},
	{Scope: Maintenance, Keys: []string{"ctrl+o"}, Verb: Unplan, Help: "off the schedule…", Foot: "cancel…", Group: Do, Dangerous: true},

	{Scope: Masters, Keys: []string{"c"}, Verb: Copy, Help: "copy its address", Foot: "copy address", Group: Do},

	{Scope: Events, Keys: []string{"enter"}, Verb: Open, Help: "open what it is about", Foot: "open", Group: Do},
	{Scope: Events, Keys: []string{"F"}, Verb: Follow, Help: "follow the newest", Foot: "follow", Group: See},
	{Scope: Events, Keys: []string{"!"}, Verb: Problems, Help: "only problems", Foot: "problems", Group: Find},

	{Scope: Files, Keys: []string{"enter"}, Verb: Open, Help: "open the directory, view the file", Foot: "open", Group: Do},
	{Scope: Files, Keys: []string{"backspace"}, Verb: ParentDir, Help: "back to where it is in", Foot: "up", Group: Move},
	{Scope: Files, Keys: []string{"D", "ctrl+s"}, Verb: Save, Help: "save the file here", Foot: "download", Group: Do},
	{Scope: Files, Keys: []string{"s"}, Verb: Shell, Help: "a shell in the task", Foot: "shell", Group: Do, Enters: true},
	{Scope: Files, Keys: []string{"c"}, Verb: Copy, Help: "copy its path", Foot: "copy path", Group: Do},

	{Scope: Log, Keys: []string{"F", "s", "0"}, Verb: Follow, Help: "follow the end", Foot: "follow", Group: See},
	{Scope: Log, Keys: []string{"tab"}, Verb: NextTab, Help: "stdout or stderr", Foot: "out/err", Group: See},
	{Scope: Log, Keys: []string{"o"}, Verb: Stdout, Help: "stdout", Group: See},
	{Scope: Log, Keys: []string{"e"}, Verb: Stderr, Help: "stderr", Group: See},
	{Scope: Log, Keys: []string{"/"}, Verb: Search, Help: "search", Foot: "search", Group: Find},
	{Scope: Log, Keys: []string{"n"}, Verb: NextHit, Help: "next, before", Foot: "next", Group: Find},
	{Scope: Log, Keys: []string{"N"}, Verb: PrevHit, Help: "next, before", Group: Find},
	{Scope: Log, Keys: []string{"&"}, Verb: OnlyHits, Help: "only matches", Foot: "only matches", Group: Find},
	{Scope: Log, Keys: []string{"1"}, Verb: SinceStart, Help: "from its beginning", Group: Find},
	{Scope: Log, Keys: []string{"2"}, Verb: Since1m, Help: "since 1m 5m 15m 30m 1h", Foot: "since 1m", Group: Find},
	{Scope: Log, Keys: []string{"3"}, Verb: Since5m, Help: "since 1m 5m 15m 30m 1h", Group: Find},
	{Scope: Log, Keys: []string{"4"}, Verb: Since15m, Help: "since 1m 5m 15m 30m 1h", Group: Find},
	{Scope: Log, Keys: []string{"5"}, Verb: Since30m, Help: "since 1m 5m 15m 30m 1h", Group: Find},
	{Scope: Log, Keys: []string{"6"}, Verb: Since1h, Help: "since 1m 5m 15m 30m 1h", Group: Find},
	{Scope: Log, Keys: []string{"w"}, Verb: Wrap, Help: "wrap long lines", Foot: "wrap", Group: See},
	{Scope: Log, Keys: []string{"P"}, Verb: Pause, Help: "pause", Group: See},
	{Scope: Log, Keys: []string{"ctrl+s"}, Verb: Save, Help: "save whole file", Foot: "save", Group: Do},
	{Scope: Log, Keys: []string{"up", "k"}, Verb: Up, Help: "line", Group: Move},
	{Scope: Log, Keys: []string{"down", "j"}, Verb: Down, Help: "line", Group: Move},
	{Scope: Log, Keys: []string{"left"}, Verb: Left, Help: "sideways", Group: Move},
	{Scope: Log, Keys: []string{"right"}, Verb: Right, Help: "sideways", Group: Move},
	{Scope: Log, Keys: []string{"g", "home"}, Verb: First, Help: "first, load more", Group: Move},
	{Scope: Log, Keys: []string{"G", "end"}, Verb: Bottom, Help: "end, and follow", Group: Move},
	{Scope: Log, Keys: []string{"ctrl+d"}, Verb: HalfDown, Help: "half a page", Group: Move},
	{Scope: Log, Keys: []string{"ctrl+u"}, Verb: HalfUp, Help: "half a page", Group: Move},
	{Scope: Log, Keys: []string{"pgdown", "ctrl+f", " "}, Verb: PageDown, Help: "page", Group: Move},
	{Scope: Log, Keys: []string{"pgup", "ctrl+b", "b"}, Verb: PageUp, Help: "page", Group: Move},

	{Scope: Text, Keys: []string{"tab"}, Verb: NextTab, Help: "described, YAML, JSON", Foot: "next tab", Group: See},
	{Scope: Text, Keys: []string{"shift+tab"}, Verb: PrevTab, Help: "described, YAML, JSON", Group: See},
	{Scope: Text, Keys: []string{"d"}, Verb: Describe, Help: "described", Group: See},
	{Scope: Text, Keys: []string{"y"}, Verb: Raw, Help: "YAML, JSON", Foot: "raw", Group: See},
	{Scope: Text, Keys: []string{"/"}, Verb: Search, Help: "search", Foot: "search", Group: Find},
	{Scope: Text, Keys: []string{"n"}, Verb: NextHit, Help: "next, before", Group: Find},
	{Scope: Text, Keys: []string{"N"}, Verb: PrevHit, Help: "next, before", Group: Find},
	{Scope: Text, Keys: []string{"c"}, Verb: Copy, Help: "copy the text", Foot: "copy", Group: Do},
	{Scope: Text, Keys: []string{"ctrl+s"}, Verb: Save, Help: "save the text", Foot: "save", Group: Do},
	{Scope: Text, Keys: []string{"up", "k"}, Verb: Up, Help: "line", Group: Move},
	{Scope: Text, Keys: []string{"down", "j"}, Verb: Down, Help: "line", Group: Move},
	{Scope: Text, Keys: []string{"left"}, Verb: Left, Help: "sideways", Group: Move},
	{Scope: Text, Keys: []string{"right"}, Verb: Right, Help: "sideways", Group: Move},
	{Scope: Text, Keys: []string{"g", "home"}, Verb: First, Help: "first line", Group: Move},
	{Scope: Text, Keys: []string{"G", "end"}, Verb: Bottom, Help: "last line", Group: Move},
	{Scope: Text, Keys: []string{"ctrl+d"}, Verb: HalfDown, Help: "half a page", Group: Move},
	{Scope: Text, Keys: []string{"ctrl+u"}, Verb: HalfUp, Help: "half a page", Group: Move},
	{Scope: Text, Keys: []string{"pgdown", "ctrl+f", " "}, Verb: PageDown, Help: "page", Group: Move},
	{Scope: Text, Keys: []string{"pgup", "ctrl+b", "b"}, Verb: PageUp, Help: "page", Group: Move},

	{Scope: Submit, Keys: []string{"tab", "down", "enter"}, Verb: NextField, Help: "next field", Foot: "next", Group: Move},
	{Scope: Submit, Keys: []string{"shift+tab", "up"}, Verb: PrevField, Help: "field before", Group: Move},
	{Scope: Submit, Keys: []string{"ctrl+x"}, Verb: Send, Help: "submit…", Foot: "submit…", Group: Do, Dangerous: true},
	{Scope: Submit, Keys: []string{"ctrl+p"}, Verb: AsFile, Help: "as a job file, and back", Foot: "as file", Group: See},
	{Scope: Submit, Keys: []string{"ctrl+s"}, Verb: Save, Help: "keep as a template", Group: Do},
	{Scope: Submit, Keys: []string{"ctrl+o"}, Verb: Load, Help: "begin from a template", Foot: "template", Group: Do},
	{Scope: Submit, Keys: []string{"ctrl+y"}, Verb: CopyCommand, Help: "copy as a command line", Foot: "copy as command", Group: Do},
	{Scope: Submit, Keys: []string{"ctrl+l"}, Verb: Clear, Help: "empty the form", Foot: "clear", Group: Do},
	{Scope: Submit, Keys: []string{"esc"}, Verb: Back, Help: "leave; a draft is kept", Foot: "leave", Group: Move},

	{Scope: Dialog, Keys: []string{"enter"}, Verb: Press, Help: "press the focused button", Foot: "press the focused button", Group: Do},
	{Scope: Dialog, Keys: []string{"tab", "right", "l"}, Verb: NextButton, Help: "next button", Foot: "other button", Group: Move},
	{Scope: Dialog, Keys: []string{"shift+tab", "left", "h"}, Verb: PrevButton, Help: "button before", Group: Move},
	{Scope: Dialog, Keys: []string{"esc", "q"}, Verb: Cancel, Help: "cancel", Foot: "cancel", Group: Do},

	// The same in all lists.
	{Scope: List, Keys: []string{"j", "down"}, Verb: Down, Help: "row", Group: Move},
	{Scope: List, Keys: []string{"k", "up"}, Verb: Up, Help: "row", Group: Move},
	{Scope: List, Keys: []string{"g", "home"}, Verb: First, Help: "first", Group: Move},
	{Scope: List, Keys: []string{"G", "end"}, Verb: Bottom, Help: "last", Group: Move},
	{Scope: List, Keys: []string{"ctrl+d"}, Verb: HalfDown, Help: "half a page", Group: Move},
	{Scope: List, Keys: []string{"ctrl+u"}, Verb: HalfUp, Help: "half a page", Group: Move},
	{Scope: List, Keys: []string{"pgdown", "ctrl+f"}, Verb: PageDown, Help: "page", Group: Move},
	{Scope: List, Keys: []string{"pgup", "ctrl+b"}, Verb: PageUp, Help: "page", Group: Move},
	{Scope: List, Keys: []string{"left"}, Verb: Left, Help: "scroll columns", Group: Move},
	{Scope: List, Keys: []string{"right"}, Verb: Right, Help: "scroll columns", Group: Move},
	{Scope: List, Keys: []string{" "}, Verb: Mark, Help: "mark", Foot: "mark", Group: Do},
	{Scope: List, Keys: []string{"ctrl+@"}, Verb: Range, Help: "mark up to here", Group: Do},
	{Scope: List, Keys: []string{"ctrl+\\"}, Verb: Unmark, Help: "clear marks", Group: Do},
	{Scope: List, Keys: []string{"/"}, Verb: Filter, Help: "filter", Foot: "filter", Group: Find},
	{Scope: List, Keys: []string{"shift+left"}, Verb: SortLeft, Help: "sort column", Group: Find},
	{Scope: List, Keys: []string{"shift+right"}, Verb: SortRight, Help: "sort column", Group: Find},
	{Scope: List, Keys: []string{"O"}, Verb: SortFlip, Help: "turn the order", Group: Find},
	{Scope: List, Keys: []string{"d"}, Verb: Describe, Help: "describe the row", Group: See},
	{Scope: List, Keys: []string{"y"}, Verb: Raw, Help: "row as YAML, JSON", Group: See},
	{Scope: List, Keys: []string{"C"}, Verb: CopyMenu, Help: "copy what else", Group: Do},
	{Scope: List, Keys: []string{"ctrl+s"}, Verb: Export, Help: "save the list", Group: Do},
	{Scope: List, Keys: []string{"v"}, Verb: Preview, Help: "preview of the row", Group: See},
	{Scope: List, Keys: []string{"P"}, Verb: Freeze, Help: "freeze, go on", Group: See},
	{Scope: List, Keys: []string{"ctrl+w"}, Verb: Wide, Help: "more columns", Group: See},

	// Everywhere.
	{Scope: Global, Keys: []string{"esc"}, Verb: Back, Help: "back, clears first", Foot: "back", Group: Move},
	{Scope: Global, Keys: []string{"q"}, Verb: Leave, Help: "back, then quit", Group: Move},
	{Scope: Global, Keys: []string{"-"}, Verb: Last, Help: "last screen", Group: Move},
	{Scope: Global, Keys: []string{"["}, Verb: Older, Help: "screens before, after", Group: Move},
	{Scope: Global, Keys: []string{"]"}, Verb: Newer, Help: "screens before, after", Group: Move},
	{Scope: Global, Keys: []string{"1"}, Verb: GoOver, Help: "overview", Group: See},
	{Scope: Global, Keys: []string{"2"}, Verb: GoAgents, Help: "agents", Group: See},
	{Scope: Global, Keys: []string{"3"}, Verb: GoTasks, Help: "tasks", Group: See},
	{Scope: Global, Keys: []string{"4"}, Verb: GoFrames, Help: "frameworks", Group: See},
	{Scope: Global, Keys: []string{"5"}, Verb: GoRoles, Help: "roles", Group: See},
	{Scope: Global, Keys: []string{"6"}, Verb: GoOffers, Help: "offers", Group: See},
	{Scope: Global, Keys: []string{"7"}, Verb: GoMasters, Help: "masters", Group: See},
	{Scope: Global, Keys: []string{"8"}, Verb: GoEvents, Help: "events", Group: See},
	{Scope: Global, Keys: []string{"9"}, Verb: GoMaint, Help: "maintenance", Group: See},
	{Scope: Global, Keys: []string{"0"}, Verb: GoJobs, Help: "jobs", Group: See},
	{Scope: Global, Keys: []string{":"}, Verb: Command, Help: "command line", Group: Find},
	{Scope: Global, Keys: []string{"x"}, Verb: Actions, Help: "menu of actions", Foot: "more", Group: Do},
	{Scope: Global, Keys: []string{"ctrl+r"}, Verb: Refresh, Help: "connect now", Group: See},
	{Scope: Global, Keys: []string{"ctrl+z"}, Verb: Suspend, Help: "suspend", Group: Do},
	{Scope: Global, Keys: []string{"ctrl+c"}, Verb: Quit, Help: "quit", Group: Do},
	{Scope: Global, Keys: []string{"?"}, Verb: Help, Help: "this help", Foot: "help", Group: See},
}
