package watchline

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// AppendTask appends a task to out as encoding/json writes it. It fails for what JSON cannot say: a number that is none, a
// year of more than four digits.
func AppendTask(out []byte, t *reeveapi.Task) ([]byte, error) {
	return AppendFields(out, t, AllFields)
}

// AppendWatch appends a line of /reeve/v1/watch, without its end, to out as encoding/json writes it. It fails for what JSON
// cannot say.
func AppendWatch(out []byte, l *reeveapi.Watch) ([]byte, error) {
	w := writer{out: out}
	w.line(l)
	return w.out, w.err
}

// writer appends values to a text. What is rare it leaves to encoding/json.
type writer struct {
	out []byte
	err error // the first that happened
}

func (w *writer) raw(text string) { w.out = append(w.out, text...) }

// other writes a value by encoding/json.
func (w *writer) other(v any) {
	text, err := json.Marshal(v)
	if err != nil {
		w.fail(err)
		return
	}
	w.out = append(w.out, text...)
}

func (w *writer) fail(err error) {
	if w.err == nil {
		w.err = fmt.Errorf("write JSON: %w", err)
	}
}

// odd are the bytes that encoding/json may write otherwise than they are.
var odd = func() (odd [256]bool) {
	for c := range odd {
		odd[c] = c < ' ' || c >= 0x80 || strings.IndexByte(`"\<>&`, byte(c)) >= 0
	}
	return odd
}()

// text writes a text. Those that have to be escaped are rare.
func (w *writer) text(s string) {
	for i := range len(s) {
		if odd[s[i]] {
			w.other(s)
			return
		}
	}
	w.out = append(append(append(w.out, '"'), s...), '"')
}

// always writes a key and a text. key is written with what stands around it.
func (w *writer) always(key, s string) {
	w.raw(key)
	w.text(s)
}

// some writes a key and a text, unless that is empty. key is written with what stands around it.
func (w *writer) some(key, s string) {
	if s != "" {
		w.raw(key)
		w.text(s)
	}
}

func (w *writer) number(f float64) {
	const exact = 1 << 53
	if whole := int64(f); whole != 0 && float64(whole) == f && whole > -exact && whole < exact {
		w.out = strconv.AppendInt(w.out, whole, 10)
		return
	}
	const small, large = 1e-6, 1e21 // beyond, encoding/json writes exponents
	if abs := math.Abs(f); f != 0 && !(abs >= small && abs < large) {
		w.other(f)
		return
	}
	w.out = strconv.AppendFloat(w.out, f, 'f', -1, 64)
}

func (w *writer) time(t time.Time) {
	text, err := t.AppendText(append(w.out, '"'))
	if err != nil {
		w.fail(err)
		return
	}
	w.out = append(text, '"')
}

// texts writes a key and texts by their names, unless there are none.
func (w *writer) texts(key string, m map[string]string) {
	if len(m) == 0 {
		return
	}
	w.raw(key)
	var few [8]string
	names := slices.AppendSeq(few[:0], maps.Keys(m))
	slices.Sort(names)
	before := byte('{')
	for _, name := range names {
		w.out = append(w.out, before)
		w.text(name)
		w.raw(":")
		w.text(m[name])
		before = ','
	}
	w.raw("}")
}

func (w *writer) amounts(a reeveapi.Amounts) {
	w.raw(`{"cpus":`)
	w.number(a.CPUs)
	w.raw(`,"mem":`)
	w.number(a.Mem)
	w.raw(`,"disk":`)
	w.number(a.Disk)
	w.raw(`,"gpus":`)
	w.number(a.GPUs)
	w.raw(`}`)
}

func (w *writer) move(m *reeveapi.TaskMove) {
	w.raw(`{"task":`)
	w.text(m.Task)
	w.raw(`,"framework_name":`)
	w.text(m.FrameworkName)
	w.raw(`,"agent_name":`)
	w.text(m.AgentName)
	w.raw(`,"agent_http":`)
	w.text(m.AgentHTTP)
	w.some(`,"container":`, m.Container)
	w.raw(`,"state":`)
	w.text(m.State)
	w.some(`,"message":`, m.Message)
	w.some(`,"reason":`, m.Reason)
	w.some(`,"source":`, m.Source)
	w.health(m.Healthy)
	w.some(`,"check":`, m.Check)
	w.pull(m.Pull)
	w.raw(`,"kept":`)
	w.out = strconv.AppendInt(w.out, int64(m.Kept), 10)
	w.history(m.History)
	w.ended(m.Ended)
	w.raw(`}`)
}

// health writes a key and whether a task is healthy, if that is known.
func (w *writer) health(healthy *bool) {
	if healthy != nil {
		w.raw(`,"healthy":`)
		w.out = strconv.AppendBool(w.out, *healthy)
	}
}

// pull writes a key and how far an image is, if it is on its way.
func (w *writer) pull(p *reeveapi.Pull) {
	if p != nil {
		w.raw(`,"pull":`)
		w.other(p)
	}
}

func (w *writer) history(steps []reeveapi.TaskStep) {
	w.raw(`,"history":`)
	if steps == nil {
		w.raw("null")
	} else {
		elements(w, steps, w.step)
	}
}

// ended writes a key and when a task ended, if it has.
func (w *writer) ended(at time.Time) {
	if !at.IsZero() {
		w.raw(`,"ended":`)
		w.time(at)
	}
}

func (w *writer) step(s *reeveapi.TaskStep) {
	w.raw(`{"state":`)
	w.text(s.State)
	w.raw(`,"at":`)
	w.time(s.At)
	w.some(`,"message":`, s.Message)
	w.raw(`}`)
}

func (w *writer) event(e *reeveapi.Event) {
	w.raw(`{"seq":`)
	w.out = strconv.AppendUint(w.out, e.Seq, 10)
	w.raw(`,"at":`)
	w.time(e.At)
	w.raw(`,"kind":`)
	w.text(e.Kind)
	w.raw(`,"subject":`)
	w.text(e.Subject)
	w.raw(`,"id":`)
	w.text(e.ID)
	w.some(`,"agent":`, e.Agent)
	w.some(`,"text":`, e.Text)
	w.some(`,"who":`, e.Who)
	w.raw(`}`)
}

// elements writes a list.
func elements[T any](w *writer, list []T, write func(*T)) {
	w.raw("[")
	for i := range list {
		if i > 0 {
			w.raw(",")
		}
		write(&list[i])
	}
	w.raw("]")
}

// line writes a line: tasks and events come in masses, and the rest is left to encoding/json.
func (w *writer) line(l *reeveapi.Watch) {
	w.part(&reeveapi.Watch{
		Snapshot: l.Snapshot, Version: l.Version, Cluster: l.Cluster, Agents: l.Agents, AgentsRemoved: l.AgentsRemoved,
		Frameworks: l.Frameworks, FrameworksRemoved: l.FrameworksRemoved,
	}, "")
	if len(l.Tasks) > 0 {
		w.raw(`,"tasks":`)
		elements(w, l.Tasks, w.task)
	}
	if len(l.TasksMoved) > 0 {
		w.raw(`,"tasks_moved":`)
		elements(w, l.TasksMoved, w.move)
	}
	w.part(&reeveapi.Watch{
		TasksRemoved: l.TasksRemoved, Jobs: l.Jobs, JobsRemoved: l.JobsRemoved, Roles: l.Roles, RolesRemoved: l.RolesRemoved,
		Offers: l.Offers, OffersRemoved: l.OffersRemoved,
	}, `{"version":0`)
	if len(l.Events) > 0 {
		w.raw(`,"events":`)
		elements(w, l.Events, w.event)
	}
	if l.Brief != nil {
		w.raw(`,"brief":`)
		w.brief(l.Brief)
	}
	w.raw("}")
}

// part writes some keys of a line: all that encoding/json writes but for its beginning, and the brace at its end.
func (w *writer) part(l *reeveapi.Watch, begin string) {
	text, err := json.Marshal(l)
	if err != nil {
		w.fail(err)
		return
	}
	w.out = append(w.out, text[len(begin):len(text)-1]...)
}
