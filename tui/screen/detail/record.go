package detail

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"gopkg.in/yaml.v3"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

// record is what the store has of a thing.
type record struct {
	name  string
	value any                // as the API has it
	tell  func(*description) // for people
	snap  *store.Snapshot
}

// find looks a thing up.
func find(snap *store.Snapshot, t screen.Thing) (record, bool) {
	r := record{snap: snap}
	switch t.Kind {
	case screen.Task:
		if v := snap.Tasks.Get(t.ID); v != nil {
			r.name, r.value, r.tell = label.Name(v), v, func(d *description) { d.task(snap, v) }
		}
	case screen.Agent:
		if v := snap.Agents.Get(t.ID); v != nil {
			r.name, r.value, r.tell = v.Name, v, func(d *description) { d.agent(snap, v) }
		}
	case screen.Job:
		if v := snap.Jobs.Get(t.ID); v != nil {
			r.name, r.value, r.tell = v.Spec.Name, v, func(d *description) { d.job(v) }
		}
	case screen.Frameworks:
		if v := snap.Frameworks.Get(t.ID); v != nil {
			r.name, r.value, r.tell = v.Name, v, func(d *description) { d.framework(snap, v) }
		}
	case screen.Roles:
		if v := snap.Roles.Get(t.ID); v != nil {
			r.name, r.value, r.tell = v.Name, v, func(d *description) { d.role(snap, v) }
		}
	case screen.Offers:
		if v := snap.Offers.Get(t.ID); v != nil {
			r.name, r.value, r.tell = v.ID, v, func(d *description) { d.generic("OFFER", v) }
		}
	case screen.Masters:
		r.findMaster(snap, t.ID)
	case screen.Events:
		for i := range snap.Events {
			if v := &snap.Events[i]; store.EventKey(v) == t.ID {
				r.name, r.value, r.tell = v.Kind, v, func(d *description) { d.event(v) }
			}
		}
	default:
		r.findAsked(snap, t.Value)
	}
	return r, r.value != nil
}

func (r *record) findMaster(snap *store.Snapshot, id string) {
	if snap.Cluster == nil {
		return
	}
	for i := range snap.Cluster.Masters {
		if v := &snap.Cluster.Masters[i]; v.ID == id || v.Name == id {
			r.name, r.value, r.tell = v.Name, v, func(d *description) { d.generic("MASTER", v) }
		}
	}
}

func (r record) json() string {
	out, err := json.MarshalIndent(r.value, "", "  ")
	if err != nil {
		return "! " + err.Error()
	}
	return string(out)
}

// yaml writes the names that JSON has, in the API's order.
func (r record) yaml() string {
	data, err := json.Marshal(r.value)
	if err != nil {
		return "! " + err.Error()
	}
	var node yaml.Node
	if err := yaml.Unmarshal(data, &node); err != nil { // JSON is YAML
		return "! " + err.Error()
	}
	block(&node)
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(&node); err != nil {
		return "! " + err.Error()
	}
	return b.String()
}

// block takes JSON's braces and quotes away where YAML needs none.
func block(n *yaml.Node) {
	n.Style = 0
	for _, c := range n.Content {
		block(c)
	}
}

// Describe is a thing in words, for whoever shows it beside other things; "" if it is not known.
func Describe(snap *store.Snapshot, t screen.Thing, now time.Time) (name, text string) {
	r, found := find(snap, t)
	if !found {
		return "", ""
	}
	return r.name, r.describe(now)
}

// Save asks in which form a thing is to be saved.
func Save(snap *store.Snapshot, t screen.Thing, now time.Time) tea.Cmd {
	r, found := find(snap, t)
	if !found {
		return screen.Say(theme.Warn, "the master knows nothing of it any more")
	}
	as := func(key, what, ext, text string) screen.Choice {
		return screen.Choice{Key: key, Text: what, Note: gauge.Bytes(int64(len(text))), Msg: screen.Write{Name: r.name + ext, Text: text}}
	}
	return screen.Send(screen.Choose{Title: "Save " + r.name + " as", Choices: []screen.Choice{
		as("t", "text", ".txt", r.describe(now)), as("y", "YAML", ".yaml", r.yaml()), as("j", "JSON", ".json", r.json()),
	}})
}

// describe writes it for people.
func (r record) describe(now time.Time) string {
	if r.tell == nil {
		return ""
	}
	d := &description{now: now}
	r.tell(d)
	return d.b.String()
}

// description is a text of sections with facts.
type description struct {
	b   strings.Builder
	now time.Time
}

func (d *description) section(title string) {
	if d.b.Len() > 0 {
		d.b.WriteByte('\n')
	}
	d.b.WriteString(title + "\n")
}

// fact writes a line unless there is nothing to say.
func (d *description) fact(name, value string) {
	if value == "" {
		return
	}
	value = strings.ReplaceAll(strings.TrimRight(value, "\n"), "\n", "\n"+strings.Repeat(" ", 18))
	fmt.Fprintf(&d.b, "  %-15s %s\n", name, value)
}

func (d *description) when(name string, at time.Time) {
	if !at.IsZero() {
		d.fact(name, at.Local().Format("2006-01-02 15:04:05")+", "+gauge.Since(d.now, at)+" ago")
	}
}

func (d *description) pairs(title string, m map[string]string) {
	if len(m) == 0 {
		return
	}
	d.section(title)
	for _, k := range slices.Sorted(maps.Keys(m)) {
		d.fact(k, m[k]+zero(m[k]))
	}
}

// zero stands for an empty value, which fact would leave out.
func zero(v string) string {
	if v == "" {
		return `""`
	}
	return ""
}

func (d *description) amounts(name string, a reeveapi.Amounts) {
	text := fmt.Sprintf("%s cpus, %s memory, %s disk", gauge.CPUs(a.CPUs), gauge.MB(a.Mem), gauge.MB(a.Disk))
	if a.GPUs > 0 {
		text += fmt.Sprintf(", %g gpus", a.GPUs)
	}
	d.fact(name, text)
}

func (d *description) counts(m map[string]int) {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if m[k] > 0 {
			d.fact(strings.ToLower(strings.TrimPrefix(k, "TASK_")), fmt.Sprint(m[k]))
		}
	}
}

// events are the newest ones about an id.
func (d *description) events(snap *store.Snapshot, id string) {
	const most = 20
	var found []reeveapi.Event
	for _, e := range slices.Backward(snap.Events) {
		if e.ID == id && len(found) < most {
			found = append(found, e)
		}
	}
	if len(found) == 0 {
		return
	}
	d.section("EVENTS, NEWEST FIRST")
	for _, e := range found {
		text := e.Kind + "  " + e.Text
		if e.Who != "" {
			text += "  by " + e.Who
		}
		d.fact(label.Clock(d.now, e.At), strings.TrimSpace(text))
	}
}
