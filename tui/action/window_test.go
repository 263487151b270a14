package action

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/store"
)

func TestParseBegin(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 5, time.Local)
	at := func(day, hour, minute int) string {
		return time.Date(2026, 11, day, hour, minute, 0, 0, time.Local).Format(time.RFC3339)
	}
	for text, want := range map[string]string{
		"now": "", " now ": "", "in 1h": at(23, 13, 0), "in 1d12h": at(25, 0, 0), "in  90m": at(23, 13, 30), "in 0s": at(23, 12, 0),
		"22:00": at(23, 22, 0), "11:59": at(24, 11, 59), "12:00": at(24, 12, 0),
		"2026-11-24 02:00": at(24, 2, 0), "2026-11-24 02:00:00": at(24, 2, 0), "2026-11-24T02:00": at(24, 2, 0), at(24, 2, 0): at(24, 2, 0),
		"2026-11-01 02:00": at(1, 2, 0), // a window whose time has come may be changed
		"":                 `! "" is no time; write now, in 1h, 22:00 or 2026-11-24 12:00`,
		"tomorrow":         `! "tomorrow" is no time`,
		"25:00":            `! "25:00" is no time`,
		"in":               `! "in" is no time`,
		"in ":              `! "in" is no time`,
		"in x":             `! "x" is no span of time; write such as 30m, 2h or 1d12h`,
		"in -1h":           "! in -1h is not between now and in ten years",
		"in 4000d":         "! in 4000d is not between now and in ten years",
		"9999-01-01 00:00": "! 9999-01-01 00:00 is more than ten years away",
	} {
		begin, err := ParseBegin(text, now)
		got := ""
		switch {
		case err != nil:
			got = "! " + err.Error()
		case !begin.IsZero():
			got = begin.Format(time.RFC3339)
		}
		if want == "" && got != "" || !strings.HasPrefix(got, want) {
			t.Errorf("%q begins at %q, want %q", text, got, want)
		}
	}
}

func TestParseLength(t *testing.T) {
	for text, want := range map[string]string{
		"": "unknown", " ": "unknown", "2h": "2h0m0s", "1d": "24h0m0s", "1d30m": "24h30m0s", "90s": "1m30s",
		"0s": "0s is not longer than nothing; leave it empty if nobody knows", "-1h": "-1h is not longer than nothing",
		"2": `"2" is no span of time`, "d": `"d" is no span of time`, "1d2": `"1d2" is no span`, "99999d": `"99999d" is no span`, "3651d": "3651d is more than ten years",
	} {
		d, err := ParseLength(text)
		got := "unknown"
		switch {
		case err != nil:
			got = err.Error()
		case d != nil:
			got = d.String()
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// TestWriteSpan checks that what is written into the form is read as it was.
func TestWriteSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		2 * time.Hour: "2h", 90 * time.Minute: "1h30m", 10 * time.Minute: "10m", 30 * time.Second: "30s", 100 * time.Second: "1m40s", time.Hour + time.Second: "1h0m1s",
		48 * time.Hour: "48h", 20*time.Hour + 1: "20h",
	} {
		got := WriteSpan(d)
		back, err := ParseLength(got)
		if got != want || err != nil || *back != d.Truncate(time.Second) {
			t.Errorf("%s is written %q and read %v, %v; want %q", d, got, back, err, want)
		}
	}
}

func TestMachines(t *testing.T) {
	agents := []*reeveapi.Agent{
		{ID: "S1", Name: "node1", HTTP: "10.0.0.1:5051"},
		{ID: "S2", Name: "late"},
		{ID: "S3", Name: "twin", HTTP: "10.0.0.3:5051"},
		{ID: "S4", Name: "twin", HTTP: "10.0.0.4:5051"},
		{ID: "S5", Name: "node1", HTTP: "10.0.0.5:5051", State: reeveapi.AgentGone},
		{ID: "S6", Name: "six", HTTP: "[fd00::6]:5051"},
	}
	for text, want := range map[string]string{
		"node1":                "[{node1 10.0.0.1}]",
		"node1, S3 h/10.0.0.9": "[{node1 10.0.0.1} {twin 10.0.0.3} {h 10.0.0.9}]",
		"10.0.0.4:5051":        "[{twin 10.0.0.4}]",
		"six":                  "[{six fd00::6}]",
		"/10.0.0.9":            "[{ 10.0.0.9}]",
		"alone/":               "[{alone }]",
		"":                     "no machine is named; write agents' names, or HOST/IP",
		" , ":                  "no machine is named",
		"node1 node1":          "node1 is named twice",
		"node1 S1":             "node1 and S1 are one machine; name it once",
		"NODE1/10.0.0.1 node1": "NODE1/10.0.0.1 and node1 are one machine",
		"nobody":               `no agent is called "nobody"`,
		"h/10.0.0":             `no agent is called "h/10.0.0"`,
		"/":                    `no agent is called "/"`,
		"late":                 "the address of agent late is not known",
		"twin":                 `"twin" means 2 agents; name one of: S3 (10.0.0.3:5051), S4 (10.0.0.4:5051)`,
	} {
		machines, err := Machines(agents, Names(text))
		got := fmt.Sprint(machines)
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
	for _, m := range []reeveapi.MachineID{{Hostname: "node1", IP: "10.0.0.1"}, {Hostname: "node1", IP: "10.0.0.5"}, {Hostname: "alone"}, {IP: "10.0.0.9"}, {Hostname: "twin", IP: "10.0.0.4"}} {
		name := CallMachine(agents, m)
		if is, err := Machine(agents, name); err != nil || is != m {
			t.Errorf("%v is called %q, which is read as %v, %v", m, name, is, err)
		}
	}
	for _, a := range agents {
		if found, err := FindAgent(agents, Calling(agents, a)); err != nil || found != a {
			t.Errorf("agent %s is called %q, which means %v, %v", a.ID, Calling(agents, a), found, err)
		}
	}
}

func TestSchedule(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.Local)
	s := &store.Snapshot{}
	s.Agents = s.Agents.With(func(a *reeveapi.Agent) string { return a.ID }, store.Step[reeveapi.Agent]{Changed: []reeveapi.Agent{
		{ID: "S1", Name: "node1", HTTP: "10.0.0.1:5051", State: reeveapi.AgentActive, Tasks: 3},
		{ID: "S2", Name: "node2", HTTP: "10.0.0.2:5051", State: reeveapi.AgentActive, Maintenance: &reeveapi.Unavailability{Start: now.Add(time.Hour)}},
	}})
	s.Frameworks = s.Frameworks.With(func(f *reeveapi.Framework) string { return f.ID }, store.Step[reeveapi.Framework]{Changed: []reeveapi.Framework{{ID: "f", Name: "marathon"}}})
	s.Tasks = s.Tasks.With(func(t *reeveapi.Task) string { return t.ID }, store.Step[reeveapi.Task]{Changed: []reeveapi.Task{
		{ID: "a", Framework: "g", Agent: "S1"},
		{ID: "b", Framework: "f", Agent: "S1"},
		{ID: "c", Framework: "f", Agent: "S1"},
		{ID: "d", Framework: "f", Agent: "S2", Ended: now},
		{ID: "e", Framework: "f", Agent: "S9"},
	}})
	one, other := reeveapi.MachineID{Hostname: "NODE1", IP: "10.0.0.1"}, reeveapi.MachineID{Hostname: "node2", IP: "10.0.0.2"}
	a, err := Window{Machines: []reeveapi.MachineID{one}, Start: now.Add(90 * time.Minute), Length: new(2 * time.Hour)}.Schedule(s, now)
	if err != nil || a.Title != "Schedule maintenance of NODE1" || a.Undo == nil {
		t.Fatalf("the question is %+v, %v", a, err)
	}
	if got := texts(a.Targets, a.Preview); !strings.Contains(got, "3 tasks: 2 of marathon, 1 of g\nFrom 13:30, in 1h30m, until 15:30\nFree elsewhere") {
		t.Errorf("it says\n%s", got)
	}
	d := &doer{}
	if r := a.Run(t.Context(), d); len(r.Failed) != 0 || strings.Join(d.asked, "; ") != "schedule [{NODE1 10.0.0.1}]" {
		t.Errorf("asked %q", d.asked)
	}
	back, err := a.Undo(s)
	if r := back.Run(t.Context(), d); err != nil || len(r.Failed) != 0 || d.asked[len(d.asked)-1] != "cancel [{NODE1 10.0.0.1}]" {
		t.Errorf("undone by %q, %v", d.asked, err)
	}
	a, err = Window{Machines: []reeveapi.MachineID{one, other, {Hostname: "x"}}}.Schedule(s, now)
	if err != nil || a.Title != "Schedule maintenance of 3 machines" || a.Undo != nil {
		t.Errorf("the question is %+v, %v", a, err)
	}
	got := texts(a.Targets, a.Preview)
	for _, want := range []string{"no task; on the schedule from 13:00, which this changes", "no agent is known there", "From now; how long it takes is not known"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if _, err := (Window{}).Schedule(s, now); err == nil {
		t.Error("no machine can be scheduled")
	}
	asked := Window{Start: now, Length: new(90 * time.Second)}.Request()
	if asked.Start != now || *asked.DurationSeconds != 90 || (Window{}).Request().DurationSeconds != nil {
		t.Errorf("asked for %+v", asked)
	}
}

func texts(lists ...[]Line) string {
	var out strings.Builder
	for _, list := range lists {
		for _, l := range list {
			out.WriteString(l.Text + "\n")
		}
	}
	return out.String()
}
