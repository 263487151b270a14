package task

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/screen/meter"
	"codeberg.org/reeve/reeve/tui/screen/tasks"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
	"codeberg.org/reeve/reeve/tui/widget/spark"
)

func (s *Screen) summary(a frame.Area, t *reeveapi.Task) {
	text, role := label.Task(a.Theme(), t.State)
	x := a.Text(0, 0, role, text) + 2
	if t.Ended.IsZero() {
		x = a.Text(x, 0, theme.Text, "up "+label.Ran(t, s.env.Now())) + 2
	} else {
		x = a.Text(x, 0, theme.Text, "ran "+label.Ran(t, s.env.Now())+", ended "+gauge.Since(s.env.Now(), t.Ended)+" ago") + 2
	}
	if t.Pull != nil {
		x = a.Text(x, 0, theme.Info, t.Message) + 2
	}
	if t.Healthy != nil && t.Ended.IsZero() {
		word, healthRole := "health ok", theme.Good
		if !*t.Healthy {
			word, healthRole = "UNHEALTHY", theme.Bad
		}
		x = a.Text(x, 0, healthRole, word) + 2
		if d := s.in.now; d != nil && d.Health != "" && a.W >= 100 {
			x = a.Text(x, 0, theme.Dim, d.Health) + 2
		}
	}
	if n, known := tasks.Restarted(s.env.Store.Snapshot(), t); known {
		x = a.Text(x, 0, theme.Dim, "restarts ")
		x = a.Text(x, 0, theme.Text, fmt.Sprint(n)) + 2
	}
	x = a.Text(x, 0, theme.Dim, "on ")
	x = a.Text(x, 0, theme.Text, t.AgentName) + 2
	if t.Job != "" {
		x = a.Text(x, 0, theme.Dim, "job ")
		x = a.Text(x, 0, theme.Text, t.Job) + 2
	}
	if s.env.Store.Snapshot().Tasks.Get(s.id) == nil {
		a.Text(x, 0, theme.Warn, "the master has forgotten it")
	}
}

// timeline draws the states with their times and how long each took; the older ones give way when there is no room. It
// answers how many lines it took.
func (s *Screen) timeline(a frame.Area, t *reeveapi.Task) int {
	steps := t.History
	if len(steps) == 0 {
		return 0
	}
	for len(steps) > 2 && timelineWidth(steps, t) > a.W {
		steps = steps[1:]
	}
	g := a.Theme().Glyph
	x := 0
	if len(steps) < len(t.History) {
		x = a.Text(x, 0, theme.Dim, g.More+" ")
	}
	for i, st := range steps {
		if i > 0 {
			gap := took(st.At.Sub(steps[i-1].At))
			x = a.Text(x, 0, theme.Border, " "+g.Line+gap+g.Arrow+" ")
		}
		_, role := label.TaskGlyph(a.Theme(), st.State)
		x = a.Text(x, 0, role, strings.TrimPrefix(st.State, "TASK_"))
		x = a.Text(x+1, 0, theme.Dim, clock(st.At))
	}
	if t.Ended.IsZero() && x+8 < a.W {
		end := min(a.W-5, x+40)
		x = a.Text(x+1, 0, theme.Border, strings.Repeat(g.Line, max(end-x-2, 1))+g.Arrow)
		a.Text(x+1, 0, theme.Dim, "now")
	}
	return 1
}

// took is a duration between two states, which may be much less than a second.
func took(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%dms", d.Milliseconds())
	}
	return gauge.Age(d)
}

func clock(at time.Time) string { return at.Local().Format("15:04:05") }

func timelineWidth(steps []reeveapi.TaskStep, t *reeveapi.Task) int {
	n := 0
	for i, st := range steps {
		n += len(strings.TrimPrefix(st.State, "TASK_")) + 9
		if i > 0 {
			n += 4 + len(took(st.At.Sub(steps[i-1].At)))
		}
	}
	if len(steps) < len(t.History) {
		n += 2
	}
	return n
}

// graphs draws what the task uses and answers how many lines that took.
func (s *Screen) graphs(a frame.Area, t *reeveapi.Task) int {
	samples := s.env.Store.Snapshot().TaskUsage(t)
	if len(samples) == 0 {
		text := "usage: none told yet"
		if !t.Ended.IsZero() {
			text = "asked for " + gauge.CPUs(t.Requested.CPUs) + " cpus, " + gauge.MB(t.Requested.Mem) + " memory, " + gauge.MB(t.Requested.Disk) + " disk"
		}
		a.Text(1, 0, theme.Dim, text)
		return 1
	}
	all, more := meter.Task(samples, t), s.in.more()
	for i := range all {
		all[i].More = more[all[i].Name]
	}
	if a.W >= 118 && a.H >= 28 {
		y := meter.Boxes(a, all[:2])
		return y + s.lineGraphs(a.Sub(1, y, a.W-2, a.H-y), all[2:])
	}
	all[1].Text += meter.Faults(samples)
	if a.H < 10 {
		all = all[:2]
	}
	return s.lineGraphs(a.Sub(1, 0, a.W-2, a.H), all)
}

// lineGraphs draws one line for each.
func (s *Screen) lineGraphs(a frame.Area, all []meter.Graph) int {
	w := max(min(a.W/2-6, 60), 8)
	for y, g := range all {
		a.Text(0, y, theme.Dim, g.Name)
		spark.Draw(a.Sub(5, y, w, 1), g.Role, g.Values, g.Top)
		a.Text(5+w+2, y, g.TextRole, a.Clip(g.Text, a.W-w-7))
	}
	return len(all)
}

const factWidth = 11

func fact(name, text string) line {
	return line{key: name, keyRole: theme.Dim, width: factWidth, text: text}
}

// facts puts two facts on a line where there is room.
func (s *Screen) facts(t *reeveapi.Task, w int) []line {
	const key = factWidth
	short := [][2]string{
		{"agent", t.AgentName + "  " + t.AgentHTTP},
		{"framework", t.FrameworkName},
		{"role", t.Role},
		{"user", label.Or(t.User, "as agentd")},
		{"asked for", gauge.CPUs(t.Requested.CPUs) + " cpus " + gauge.MB(t.Requested.Mem) + " " + gauge.MB(t.Requested.Disk) + gpus(t)},
		{"ports", label.Or(t.Ports, "none")},
	}
	var out []line
	for i := 0; i < len(short); i += 2 {
		a, b := short[i], short[i+1]
		if w < 70 {
			out = append(out, fact(a[0], a[1]), fact(b[0], b[1]))
			continue
		}
		both := fact(a[0], a[1])
		both.second = b
		out = append(out, both)
	}
	for _, f := range append([][2]string{
		{"image", s.in.image(t, w)},
		{"command", t.Command},
		{"labels", pairs(t.Labels)},
		{"id", t.ID},
		{"framework id", t.Framework},
		{"executor", t.Executor},
		{"container", t.Container},
		{"sandbox", t.Sandbox},
		{"check", t.Check},
		{"message", t.Message},
		{"reason", reason(t)},
	}, s.in.facts(t, s.env.Now())...) {
		if f[1] == "" {
			continue
		}
		for i, part := range wrap(f[1], max(w-key-2, 10)) {
			name := f[0]
			if i > 0 {
				name = ""
			}
			out = append(out, fact(strings.TrimSuffix(name, " id"), part))
		}
	}
	return out
}

func reason(t *reeveapi.Task) string {
	if t.Reason == "" {
		return ""
	}
	return t.Reason + " " + t.Source
}

// wrap cuts text into pieces of w bytes, a few at most: facts are to be read at a glance.
func wrap(text string, w int) []string {
	const most = 4
	var out []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		for len(paragraph) > w && len(out) < most {
			at := w
			if space := strings.LastIndexByte(paragraph[:w], ' '); space > w/2 {
				at = space
			}
			for at > 1 && paragraph[at]&0xc0 == 0x80 {
				at--
			}
			out, paragraph = append(out, paragraph[:at]), strings.TrimLeft(paragraph[at:], " ")
		}
		out = append(out, paragraph)
	}
	return out[:min(len(out), most+1)]
}

func pairs(m map[string]string) string {
	out := make([]string, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, k+"="+m[k])
	}
	return strings.Join(out, "  ")
}

func environment(t *reeveapi.Task) []line {
	var out []line
	width := 10
	for k := range t.Env {
		width = max(width, min(frame.Width(k)+2, 32))
	}
	for _, k := range slices.Sorted(maps.Keys(t.Env)) {
		out = append(out, line{key: k, keyRole: theme.Dim, width: width, text: t.Env[k]})
	}
	if len(out) == 0 {
		out = append(out, line{text: "the task was given no variables of its own", role: theme.Dim})
	}
	return out
}

func (s *Screen) history(t *reeveapi.Task) []line {
	var out []line
	for i, st := range t.History {
		_, role := label.TaskGlyph(&theme.Theme{}, st.State)
		after := ""
		if i > 0 {
			after = "after " + took(st.At.Sub(t.History[i-1].At)) + "  "
		}
		text := st.At.Local().Format("15:04:05.000") + "  " + after + st.Message
		out = append(out, line{key: strings.TrimPrefix(st.State, "TASK_"), keyRole: role, width: 14, text: text})
	}
	return out
}
