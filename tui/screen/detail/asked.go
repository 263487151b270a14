package detail

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/lookup"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

// How often what is not in the store is asked for, in ticks, and how long one question may take.
const (
	askEvery   = 2
	askTimeout = 5 * time.Second
)

// query is what there is to know of the questions for what is not in the store.
type query struct {
	asking   bool
	answered bool
	ticks    int
	wrong    string // why the last one was not answered
}

// answer is what came of one: nil if there is no such thing.
type answer struct {
	value any
	err   error
}

// inquire asks for the thing outside of the loop, if it is not in the store.
func (s *Screen) inquire() tea.Cmd {
	if s.ask == nil || s.query.asking {
		return nil
	}
	s.query.asking = true
	return s.env.Async(func(ctx context.Context) tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		value, err := s.ask(ctx)
		return answer{value, err}
	})
}

func (s *Screen) again() tea.Cmd {
	if s.query.ticks++; s.query.ticks%askEvery != 0 {
		return nil
	}
	return s.inquire()
}

func (s *Screen) take(a answer) {
	s.query.asking, s.query.answered, s.query.wrong = false, true, ""
	if a.err != nil {
		s.query.wrong = a.err.Error()
		return
	}
	s.thing.Value = a.value
	s.seen = 0 // the text is written anew with the next look
}

// missing says why there is no text.
func (s *Screen) missing() (string, theme.Role) {
	switch {
	case s.ask != nil && s.query.wrong != "":
		return "! not known: " + s.query.wrong, theme.Warn
	case s.ask != nil && !s.query.answered:
		return "asking for it…", theme.Dim
	case s.ask != nil:
		return "there is no " + s.thing.ID + " any more", theme.Dim
	}
	return "the master knows nothing of " + s.thing.ID, theme.Dim
}

// findAsked takes what a list or lookup has asked for.
func (r *record) findAsked(snap *store.Snapshot, value any) {
	switch v := value.(type) {
	case *lookup.Machine:
		r.name, r.value, r.tell = label.Or(v.Hostname, v.IP), v, func(d *description) { d.machine(snap, v) }
	case *reeveapi.Member:
		r.name, r.value, r.tell = v.Name, v, func(d *description) { d.member(snap, v) }
	case *mesosv1.FileInfo:
		r.name, r.value, r.tell = path.Base(v.GetPath()), v, func(d *description) { d.file(v) }
	case *reeveapi.Secret:
		r.name, r.value, r.tell = v.Name, v, func(d *description) { d.secret(v) }
	}
}

func (d *description) machine(snap *store.Snapshot, m *lookup.Machine) {
	d.section("MACHINE")
	d.fact("host name", m.Hostname)
	d.fact("address", m.IP)
	d.fact("state", m.State)
	d.fact("from", d.clock(m.Start))
	if m.End != nil {
		d.fact("until", d.clock(*m.End))
	} else {
		d.fact("until", "nobody knows")
	}
	d.fact("tasks", fmt.Sprint(m.Tasks))
	d.section("AGENTS ON IT")
	for _, id := range m.Agents {
		if a := snap.Agents.Get(id); a != nil {
			d.fact(a.State, a.Name+"  "+id)
		} else {
			d.fact("not known", id)
		}
	}
	if len(m.Agents) == 0 {
		d.fact("agents", "none")
	}
	if len(m.Answers) > 0 {
		d.section("ANSWERS OF FRAMEWORKS, WHICH BIND NOBODY")
	}
	for _, a := range m.Answers {
		name := a.Framework
		if f := snap.Frameworks.Get(a.Framework); f != nil {
			name = f.Name + "  " + a.Framework
		}
		d.fact(map[bool]string{true: "leaves", false: "stays"}[a.Accepted], name+"  "+gauge.Since(d.now, a.At)+" ago")
	}
	d.events(snap, m.Hostname)
}

// clock is a time, and how far away it is.
func (d *description) clock(at time.Time) string {
	text := at.Local().Format("2006-01-02 15:04:05")
	if left := at.Sub(d.now); left > 0 {
		return text + ", in " + gauge.Age(left)
	}
	return text + ", " + gauge.Since(d.now, at) + " ago"
}

func (d *description) member(snap *store.Snapshot, m *reeveapi.Member) {
	d.section("MEMBER OF GOSSIP")
	d.fact("name", m.Name)
	d.fact("kind", m.Kind)
	d.fact("id", m.ID)
	d.fact("state", m.State+" for "+gauge.Since(d.now, m.Since))
	d.fact("gossip", m.Address)
	d.fact("api", m.HTTP)
	d.fact("version", m.Version)
	d.section("AS THE MASTER SEES IT THAT ANSWERS")
	if m.RTTMillis > 0 {
		d.fact("round trip", fmt.Sprintf("%.1f ms", m.RTTMillis))
	}
	d.when("answered", m.Answered)
	if m.Health != nil {
		d.fact("health", fmt.Sprintf("%d, of 0 (well) to 7: it is the master that answers", *m.Health))
	}
	if a := snap.Agents.Get(m.ID); a != nil {
		d.fact("agent", a.State+", "+fmt.Sprint(a.Tasks)+" tasks")
	}
	d.events(snap, label.Or(m.ID, m.Name))
}

func (d *description) file(f *mesosv1.FileInfo) {
	const typeMask, typeDir, typeLink, typeFile = 0o170000, 0o040000, 0o120000, 0o100000
	sort, is := map[uint32]string{typeDir: "directory", typeLink: "link", typeFile: "file"}[f.GetMode()&typeMask]
	if !is {
		sort = "pipe, socket or device"
	}
	d.section(strings.ToUpper(sort))
	d.fact("name", path.Base(f.GetPath()))
	d.fact("path", f.GetPath())
	d.fact("size", fmt.Sprintf("%s, %d bytes", gauge.Bytes(int64(min(f.GetSize(), 1<<62))), f.GetSize()))
	d.when("changed", time.Unix(0, f.GetMtime().GetNanoseconds()))
	d.fact("owner", f.GetUid())
	d.fact("group", f.GetGid())
	d.fact("permissions", fmt.Sprintf("%03o", f.GetMode()&0o7777))
	d.fact("links", fmt.Sprint(f.GetNlink()))
}

func (d *description) secret(v *reeveapi.Secret) {
	d.section("SECRET")
	d.fact("name", v.Name)
	d.fact("version", fmt.Sprint(v.Version))
	d.fact("size", fmt.Sprintf("%d bytes, which nobody is shown", v.Size))
	d.when("set", v.Set)
	d.fact("by", v.By)
	switch {
	case v.Key == "":
		d.fact("stored", "in clear on the masters' disks")
	case !v.Readable:
		d.fact("stored", "sealed with key "+v.Key+", which the leader lacks")
	default:
		d.fact("stored", "sealed with key "+v.Key)
	}
	d.section("NEEDED BY")
	for _, j := range v.Jobs {
		d.fact("job", j)
	}
	if len(v.Jobs) == 0 {
		d.fact("jobs", "none")
	}
}
