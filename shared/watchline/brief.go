package watchline

import (
	"strconv"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

var briefFields = []field[reeveapi.Brief]{
	{"base", func(s *scanner, b *reeveapi.Brief) { b.Base = s.time() }},
	{"event", func(s *scanner, b *reeveapi.Brief) { b.Event = s.unsigned() }},
	{"events", func(s *scanner, b *reeveapi.Brief) { b.Events = int(s.whole()) }},
	{"tasks", func(s *scanner, b *reeveapi.Brief) { b.Tasks = column[int](s) }},
	{"tasks_moved", func(s *scanner, b *reeveapi.Brief) { b.TasksMoved = column[int](s) }},
	{"places", func(s *scanner, b *reeveapi.Brief) { b.Places = list(s, placeFields, &s.reader.places) }},
	{"launches", func(s *scanner, b *reeveapi.Brief) { b.Launches = list(s, launchFields, &s.reader.launches) }},
	{"moves", func(s *scanner, b *reeveapi.Brief) { b.Moves = list(s, groupFields, &s.reader.groups) }},
	{"removed", func(s *scanner, b *reeveapi.Brief) { b.Removed = column[int](s) }},
	{"agents", func(s *scanner, b *reeveapi.Brief) { b.Agents = list(s, figureFields, &s.reader.figures) }},
}

var placeFields = []field[reeveapi.Place]{
	{"agent", func(s *scanner, p *reeveapi.Place) { p.Agent = s.shared() }},
	{"name", func(s *scanner, p *reeveapi.Place) { p.Name = s.shared() }},
	{"http", func(s *scanner, p *reeveapi.Place) { p.HTTP = s.shared() }},
}

var launchFields = []field[reeveapi.Launches]{
	{"like", func(s *scanner, l *reeveapi.Launches) { object(s, &l.Like, taskFields) }},
	{"numbers", func(s *scanner, l *reeveapi.Launches) { l.Numbers = column[int](s) }},
	{"ids", func(s *scanner, l *reeveapi.Launches) { l.IDs = s.ownTexts() }},
	{"names", func(s *scanner, l *reeveapi.Launches) { l.Names = s.ownTexts() }},
	{"places", func(s *scanner, l *reeveapi.Launches) { l.Places = column[int](s) }},
	{"launched", func(s *scanner, l *reeveapi.Launches) { l.Launched = column[int64](s) }},
	{"events", func(s *scanner, l *reeveapi.Launches) { l.Events = column[int](s) }},
	{"events_at", func(s *scanner, l *reeveapi.Launches) { l.EventsAt = column[int64](s) }},
}

var groupFields = []field[reeveapi.Moves]{
	{"framework_name", func(s *scanner, m *reeveapi.Moves) { m.FrameworkName = s.shared() }},
	{"state", func(s *scanner, m *reeveapi.Moves) { m.State = s.shared() }},
	{"message", func(s *scanner, m *reeveapi.Moves) { m.Message = s.shared() }},
	{"reason", func(s *scanner, m *reeveapi.Moves) { m.Reason = s.shared() }},
	{"source", func(s *scanner, m *reeveapi.Moves) { m.Source = s.shared() }},
	{"healthy", func(s *scanner, m *reeveapi.Moves) { s.other(&m.Healthy) }},
	{"check", func(s *scanner, m *reeveapi.Moves) { m.Check = s.shared() }},
	{"pull", func(s *scanner, m *reeveapi.Moves) { s.other(&m.Pull) }},
	{"steps", func(s *scanner, m *reeveapi.Moves) { s.other(&m.Steps) }},
	{"numbers", func(s *scanner, m *reeveapi.Moves) { m.Numbers = column[int](s) }},
	{"at", func(s *scanner, m *reeveapi.Moves) { m.At = column[int64](s) }},
	{"events", func(s *scanner, m *reeveapi.Moves) { m.Events = column[int](s) }},
	{"events_at", func(s *scanner, m *reeveapi.Moves) { m.EventsAt = column[int64](s) }},
	{"containers", func(s *scanner, m *reeveapi.Moves) { m.Containers = s.ownTexts() }},
	{"ended", func(s *scanner, m *reeveapi.Moves) { m.Ended = column[int64](s) }},
}

var figureFields = []field[reeveapi.AgentFigures]{
	{"id", func(s *scanner, f *reeveapi.AgentFigures) { f.ID = s.shared() }},
	{"allocated", func(s *scanner, f *reeveapi.AgentFigures) {
		f.Allocated = new(reeveapi.Amounts)
		object(s, f.Allocated, amountFields)
	}},
	{"offered", func(s *scanner, f *reeveapi.AgentFigures) {
		f.Offered = new(reeveapi.Amounts)
		object(s, f.Offered, amountFields)
	}},
	{"usage", func(s *scanner, f *reeveapi.AgentFigures) {
		f.Usage = new(reeveapi.HostUsage)
		object(s, f.Usage, usageFields)
	}},
	{"tasks", func(s *scanner, f *reeveapi.AgentFigures) { f.Tasks = int(s.whole()) }},
}

// column reads a list of numbers without fractions, probably as many as were in the last one.
func column[T int | int64](s *scanner) []T {
	if !s.take('[') {
		s.fail()
		return nil
	}
	if s.take(']') {
		return []T{}
	}
	out := make([]T, 0, min(s.reader.column+1, (len(s.text)-s.at)/len("0,")+1))
	for !s.bad {
		out = append(out, T(s.signed()))
		if s.take(']') {
			break
		}
		if !s.take(',') {
			s.fail()
		}
	}
	s.reader.column = len(out)
	return out
}

// signed reads a number without a fraction.
func (s *scanner) signed() int64 {
	if !s.take('-') {
		return s.whole()
	}
	if s.at < len(s.text) && (s.text[s.at] < '0' || s.text[s.at] > '9') {
		s.fail()
	}
	return -s.whole()
}

// ownTexts reads a list of texts that hardly come twice, probably as many as were in the last column.
func (s *scanner) ownTexts() []string {
	if !s.take('[') {
		s.fail()
		return nil
	}
	if s.take(']') {
		return []string{}
	}
	out := make([]string, 0, min(s.reader.column+1, (len(s.text)-s.at)/len(`"",`)+1))
	for !s.bad {
		out = append(out, s.own())
		if s.take(']') {
			break
		}
		if !s.take(',') {
			s.fail()
		}
	}
	return out
}

func (w *writer) brief(b *reeveapi.Brief) {
	w.raw(`{"base":`)
	w.time(b.Base)
	if b.Event != 0 {
		w.raw(`,"event":`)
		w.out = strconv.AppendUint(w.out, b.Event, 10)
	}
	if b.Events != 0 {
		w.raw(`,"events":`)
		w.out = strconv.AppendInt(w.out, int64(b.Events), 10)
	}
	someNumbers(w, `,"tasks":`, b.Tasks)
	someNumbers(w, `,"tasks_moved":`, b.TasksMoved)
	some(w, `,"places":`, b.Places, func(p *reeveapi.Place) { w.other(p) })
	some(w, `,"launches":`, b.Launches, w.launches)
	some(w, `,"moves":`, b.Moves, w.moves)
	someNumbers(w, `,"removed":`, b.Removed)
	some(w, `,"agents":`, b.Agents, func(f *reeveapi.AgentFigures) { w.other(f) })
	w.raw("}")
}

func (w *writer) launches(l *reeveapi.Launches) {
	w.raw(`{"like":`)
	w.task(&l.Like)
	numbers(w, `,"numbers":`, l.Numbers)
	w.column(`,"ids":`, l.IDs)
	w.column(`,"names":`, l.Names)
	numbers(w, `,"places":`, l.Places)
	numbers(w, `,"launched":`, l.Launched)
	someNumbers(w, `,"events":`, l.Events)
	someNumbers(w, `,"events_at":`, l.EventsAt)
	w.raw("}")
}

func (w *writer) moves(m *reeveapi.Moves) {
	w.raw(`{"framework_name":`)
	w.text(m.FrameworkName)
	w.raw(`,"state":`)
	w.text(m.State)
	w.some(`,"message":`, m.Message)
	w.some(`,"reason":`, m.Reason)
	w.some(`,"source":`, m.Source)
	w.health(m.Healthy)
	w.some(`,"check":`, m.Check)
	w.pull(m.Pull)
	if len(m.Steps) > 0 {
		w.column(`,"steps":`, m.Steps)
	}
	numbers(w, `,"numbers":`, m.Numbers)
	someNumbers(w, `,"at":`, m.At)
	someNumbers(w, `,"events":`, m.Events)
	someNumbers(w, `,"events_at":`, m.EventsAt)
	if len(m.Containers) > 0 {
		w.column(`,"containers":`, m.Containers)
	}
	someNumbers(w, `,"ended":`, m.Ended)
	w.raw("}")
}

// some writes a key and a list, unless that is empty.
func some[T any](w *writer, key string, list []T, write func(*T)) {
	if len(list) > 0 {
		w.raw(key)
		elements(w, list, write)
	}
}

// column writes a key and texts.
func (w *writer) column(key string, texts []string) {
	w.raw(key)
	if texts == nil {
		w.raw("null")
		return
	}
	elements(w, texts, func(text *string) { w.text(*text) })
}

// someNumbers writes a key and numbers, unless there are none.
func someNumbers[T int | int64](w *writer, key string, list []T) {
	if len(list) > 0 {
		numbers(w, key, list)
	}
}

// numbers writes a key and numbers.
func numbers[T int | int64](w *writer, key string, list []T) {
	w.raw(key)
	if list == nil {
		w.raw("null")
		return
	}
	elements(w, list, func(n *T) { w.out = strconv.AppendInt(w.out, int64(*n), 10) })
}
