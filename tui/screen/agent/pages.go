package agent

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/screen/list"
	"codeberg.org/reeve/reeve/tui/screen/tasks"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/filter"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

// page is the list of a tab. The facts have none.
type page interface {
	Typing() bool
	Type(key tea.KeyMsg)
	Save() screen.State
	Restore(s screen.State)
	Do(verb keys.Verb, now time.Time) bool
	Render(a frame.Area, now time.Time)
	Export(all bool) (titles []string, rows [][]string)
	Columns() (all []string, shown []table.Pick, set table.Columns)
	SetColumns(c table.Columns)
}

// holding is what an executor or a framework has of the agent.
type holding struct {
	name      string
	framework string // its name
	id        string // of the framework
	executor  string // "" for a framework's
	role      string
	user      string
	active    int // tasks
	staging   int // of these, those that wait for their executor
	ended     int
	held      reeveapi.Amounts
	cpus      float64 // used
	mem       float64 // used, MB
	known     bool    // whether what is used is
	newest    *reeveapi.Task
}

// reservation is what is set aside for a role on the agent; the one without a role is for all.
type reservation struct {
	role    string
	amounts reeveapi.Amounts
	held    reeveapi.Amounts // by tasks of that role
	volumes int
}

type held = table.Column[holding]

// number is a column of amounts: what is used of what is held, where both are known.
func number(name string, rank int, used func(*holding) (float64, bool), of func(*holding) float64, write func(float64) string) held {
	return held{
		Name: name, Width: 10, Max: 12, Right: true, Rank: rank, Compare: table.Compare(of),
		Text: func(h *holding) (string, theme.Role) {
			if h.active == 0 {
				return "-", theme.Dim
			}
			if v, known := used(h); known {
				return write(v) + "/" + write(of(h)), theme.Text
			}
			return write(of(h)), theme.Text
		},
	}
}

func tenths(v float64) float64 { return float64(int(v*10+0.5)) / 10 }

func amounts4() []held {
	unknown := func(*holding) (float64, bool) { return 0, false }
	return []held{
		number("CPUS", 1, func(h *holding) (float64, bool) { return tenths(h.cpus), h.known }, func(h *holding) float64 { return h.held.CPUs }, gauge.CPUs),
		number("MEM", 1, func(h *holding) (float64, bool) { return h.mem, h.known }, func(h *holding) float64 { return h.held.Mem }, gauge.MB),
		number("DISK", 4, unknown, func(h *holding) float64 { return h.held.Disk }, gauge.MB),
		number("GPUS", 6, unknown, func(h *holding) float64 { return h.held.GPUs }, gauge.CPUs),
	}
}

func count(name string, rank int, of func(*holding) int) held {
	return held{
		Name: name, Width: 7, Right: true, Rank: rank, Compare: table.Compare(of),
		Text: func(h *holding) (string, theme.Role) {
			if of(h) == 0 {
				return "0", theme.Dim
			}
			return fmt.Sprint(of(h)), theme.Text
		},
	}
}

func words(name string, width, most, rank int, of func(*holding) string) held {
	return held{
		Name: name, Width: width, Max: most, Rank: rank, Compare: table.ByName(of),
		Text: func(h *holding) (string, theme.Role) { return of(h), theme.Text },
	}
}

// state says whether anything of it runs.
func state() held {
	return held{Name: "STATE", Width: 9, Draw: func(a frame.Area, h *holding) {
		if h.active > 0 {
			a.Left(0, 0, a.W, theme.Good, a.Theme().Glyph.Running+" active")
			return
		}
		a.Left(0, 0, a.W, theme.Dim, a.Theme().Glyph.Finished+" ended")
	}, Compare: table.Compare(func(h *holding) int { return -h.active })}
}

func fields() []filter.Field[holding] {
	return []filter.Field[holding]{
		{Name: "name", Free: true, Text: func(h *holding) string { return h.name }},
		{Name: "fw", Free: true, Text: func(h *holding) string { return h.framework }},
		{Name: "role", Free: true, Text: func(h *holding) string { return h.role }},
	}
}

const holdingHelp = "words = AND  !not  /rx/  fw: role:"

func executorList() *list.List[holding] {
	cols := []held{words("EXECUTOR", 14, 40, 0, func(h *holding) string { return h.name }), state()}
	cols = append(append(cols, amounts4()...),
		count("TASKS", 0, func(h *holding) int { return h.active }),
		count("QUEUED", 2, func(h *holding) int { return h.staging }),
		count("ENDED", 3, func(h *holding) int { return h.ended }),
		words("FRAMEWORK", 9, 20, 2, func(h *holding) string { return h.framework }),
		words("ROLE", 6, 14, 5, func(h *holding) string { return h.role }))
	l := list.New(table.New("no executor has run here", cols...), holdingHelp, fields()...)
	l.Table.SortBy("STATE", false)
	l.Name = "agent-executors"
	return l
}

func frameworkList() *list.List[holding] {
	cols := []held{words("FRAMEWORK", 14, 30, 0, func(h *holding) string { return h.name }), state()}
	cols = append(append(cols, amounts4()...),
		count("TASKS", 0, func(h *holding) int { return h.active }),
		count("ENDED", 3, func(h *holding) int { return h.ended }),
		words("ROLES", 6, 20, 2, func(h *holding) string { return h.role }),
		words("USER", 6, 12, 5, func(h *holding) string { return h.user }))
	l := list.New(table.New("no framework has run anything here", cols...), holdingHelp, fields()...)
	l.Table.SortBy("STATE", false)
	l.Name = "agent-frameworks"
	return l
}

func reservationList() *list.List[reservation] {
	amount := func(name string, rank int, of func(reeveapi.Amounts) float64, write func(float64) string) table.Column[reservation] {
		return table.Column[reservation]{
			Name: name, Width: 12, Max: 14, Right: true, Rank: rank, Compare: table.Compare(func(r *reservation) float64 { return of(r.amounts) }),
			Text: func(r *reservation) (string, theme.Role) {
				if of(r.amounts) == 0 && of(r.held) == 0 {
					return "-", theme.Dim
				}
				return write(of(r.held)) + "/" + write(of(r.amounts)), theme.Text
			},
		}
	}
	l := list.New(table.New("nothing is known of what is set aside here", []table.Column[reservation]{
		{Name: "ROLE", Width: 14, Max: 40, Text: func(r *reservation) (string, theme.Role) {
			if r.role == "" {
				return "unreserved", theme.Dim
			}
			return r.role, theme.Text
		}, Compare: table.ByName(func(r *reservation) string { return r.role })},
		amount("CPUS", 0, func(a reeveapi.Amounts) float64 { return a.CPUs }, gauge.CPUs),
		amount("MEM", 0, func(a reeveapi.Amounts) float64 { return a.Mem }, gauge.MB),
		amount("DISK", 1, func(a reeveapi.Amounts) float64 { return a.Disk }, gauge.MB),
		amount("GPUS", 2, func(a reeveapi.Amounts) float64 { return a.GPUs }, gauge.CPUs),
		{Name: "VOLUMES", Width: 7, Right: true, Rank: 3, Text: func(r *reservation) (string, theme.Role) { return fmt.Sprint(r.volumes), theme.Dim }},
	}...), "words of the role", filter.Field[reservation]{Name: "role", Free: true, Text: func(r *reservation) string { return r.role }})
	l.Name = "agent-reservations"
	return l
}

// add counts a task for what it belongs to.
func (h *holding) add(t *reeveapi.Task, used reeveapi.TaskUsage, known, first bool) {
	if h.newest == nil || t.Launched.After(h.newest.Launched) {
		h.newest = t
	}
	if !strings.Contains(" "+h.role+",", " "+t.Role+",") {
		h.role = strings.TrimPrefix(h.role+", "+t.Role, ", ")
	}
	if !t.Ended.IsZero() {
		h.ended++
		return
	}
	h.active++
	if t.State == "TASK_STAGING" {
		h.staging++
	}
	h.held = plus(h.held, t.Requested)
	if known && first { // tasks of one executor share its container and its figures
		h.cpus, h.mem, h.known = h.cpus+used.CPUs, h.mem+float64(used.MemBytes)/(1<<20), true
	}
}

func plus(a, b reeveapi.Amounts) reeveapi.Amounts {
	return reeveapi.Amounts{CPUs: a.CPUs + b.CPUs, Mem: a.Mem + b.Mem, Disk: a.Disk + b.Disk, GPUs: a.GPUs + b.GPUs}
}

// holdings are the executors and frameworks that tasks belong to, by their ids.
func (s *Screen) holdings(snap *store.Snapshot, all []*reeveapi.Task) (executors, frameworks []table.Row[holding]) {
	byExecutor, byFramework := map[string]*holding{}, map[string]*holding{}
	shared := map[string]bool{} // executors whose figures were counted
	for _, t := range all {
		executor := cmp.Or(t.Executor, t.ID)
		id := t.Framework + "/" + executor
		if byExecutor[id] == nil {
			byExecutor[id] = &holding{name: executor, framework: t.FrameworkName, id: t.Framework, executor: executor}
		}
		if byFramework[t.Framework] == nil {
			h := &holding{name: label.Or(t.FrameworkName, t.Framework), framework: t.FrameworkName, id: t.Framework}
			if f := snap.Frameworks.Get(t.Framework); f != nil {
				h.user = f.User
			}
			byFramework[t.Framework] = h
		}
		used, known := (tasks.Use{Store: s.env.Store}).Newest(t)
		first := !shared[id]
		shared[id] = shared[id] || known && t.Ended.IsZero()
		byExecutor[id].add(t, used, known, first)
		byFramework[t.Framework].add(t, used, known, first)
	}
	return rowsOf(byExecutor), rowsOf(byFramework)
}

func rowsOf[T any](all map[string]*T) []table.Row[T] {
	out := make([]table.Row[T], 0, len(all))
	for _, id := range slices.Sorted(maps.Keys(all)) {
		out = append(out, table.Row[T]{ID: id, Val: all[id]})
	}
	return out
}

// reservations are what is set aside for each role, and what is left for all.
func reservations(a *reeveapi.Agent, all []*reeveapi.Task) []table.Row[reservation] {
	rest := a.Total
	by := map[string]*reservation{}
	for role, amounts := range a.Reserved {
		by[role] = &reservation{role: role, amounts: amounts}
		rest = plus(rest, reeveapi.Amounts{CPUs: -amounts.CPUs, Mem: -amounts.Mem, Disk: -amounts.Disk, GPUs: -amounts.GPUs})
	}
	by[""] = &reservation{amounts: rest}
	for _, t := range all {
		if !t.Ended.IsZero() {
			continue
		}
		// What a task holds is taken from what is set aside for its role as far as that goes: the master does not say.
		r, free := by[t.Role], by[""]
		if r == nil {
			free.held = plus(free.held, t.Requested)
			continue
		}
		mine := least(t.Requested, reeveapi.Amounts{
			CPUs: r.amounts.CPUs - r.held.CPUs, Mem: r.amounts.Mem - r.held.Mem, Disk: r.amounts.Disk - r.held.Disk, GPUs: r.amounts.GPUs - r.held.GPUs,
		})
		r.held = plus(r.held, mine)
		free.held = plus(free.held, reeveapi.Amounts{
			CPUs: t.Requested.CPUs - mine.CPUs, Mem: t.Requested.Mem - mine.Mem, Disk: t.Requested.Disk - mine.Disk, GPUs: t.Requested.GPUs - mine.GPUs,
		})
	}
	for _, v := range a.Volumes {
		if r := by[v.Role]; r != nil {
			r.volumes++
		}
	}
	return rowsOf(by)
}

func least(a, b reeveapi.Amounts) reeveapi.Amounts {
	return reeveapi.Amounts{CPUs: min(a.CPUs, b.CPUs), Mem: min(a.Mem, b.Mem), Disk: min(a.Disk, b.Disk), GPUs: min(a.GPUs, b.GPUs)}
}

// onHolding does a verb on an executor or a framework.
func (s *Screen) onHolding(verb keys.Verb, h *holding) (tea.Cmd, bool) {
	if h == nil {
		return nil, false
	}
	filter := "agentid:" + s.id + " fwid:" + h.id
	if h.executor != "" && !strings.ContainsAny(h.executor, " \t") { // a filter ends at spaces
		filter += " executor:" + h.executor
	}
	switch verb {
	case keys.Open:
		if h.executor != "" && h.active+h.ended == 1 {
			return tasks.OnTask(keys.Open, h.newest, s.env)
		}
		return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Tasks, Arg: filter}}), true
	case keys.Logs, keys.ShowFiles, keys.Shell, keys.PickShell, keys.ShowEvents:
		return tasks.OnTask(verb, h.newest, s.env)
	default:
		return nil, false
	}
}
