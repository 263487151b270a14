package store

import (
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// TestMinutes counts what became of tasks, and each event once, also when a new stream repeats some.
func TestMinutes(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 4, 31, 0, time.UTC)
	event := func(ago time.Duration, kind string) reeveapi.Event {
		return reeveapi.Event{At: now.Add(-ago), Kind: kind}
	}
	first := []reeveapi.Event{
		event(3*time.Minute, "TASK_RUNNING"), event(3*time.Minute, "TASK_RUNNING"), event(time.Minute, "TASK_FAILED"), event(time.Minute, "AGENT_ADDED"),
	}
	s := New()
	s.Apply(&reeveapi.Watch{Snapshot: true, Events: first}, now)
	s.Apply(&reeveapi.Watch{Events: []reeveapi.Event{event(time.Minute, "TASK_FINISHED"), event(2*time.Second, "TASK_KILLED")}}, now)
	s.Apply(&reeveapi.Watch{Snapshot: true, Events: append(first, event(time.Second, "TASK_LOST"))}, now)
	want := []Minute{
		{At: now.Truncate(time.Minute).Add(-3 * time.Minute), Started: 2},
		{At: now.Truncate(time.Minute).Add(-2 * time.Minute)},
		{At: now.Truncate(time.Minute).Add(-time.Minute), Ended: 2, Failed: 1},
		{At: now.Truncate(time.Minute), Ended: 2, Failed: 1},
	}
	got := s.Snapshot().Minutes(now, 10)
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("minute %d: got %v, want %v", i, got[i], want[i])
		}
	}
	if got := s.Snapshot().Minutes(now.Add(2*time.Minute), 3); len(got) != 3 || got[2] != (Minute{At: now.Truncate(time.Minute).Add(2 * time.Minute)}) {
		t.Errorf("two minutes later: got %v", got)
	}
	for i := range 100 {
		s.Apply(&reeveapi.Watch{Events: []reeveapi.Event{event(-time.Duration(i)*time.Minute, "TASK_RUNNING")}}, now)
	}
	if got := len(s.Snapshot().Flow); got != maxFlow {
		t.Errorf("%d minutes are remembered, want %d", got, maxFlow)
	}
}

// TestTaskRate tells how much changes: what a snapshot brings does not.
func TestTaskRate(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	s := New()
	tasks := []reeveapi.Task{{ID: "a"}, {ID: "b"}}
	s.Apply(&reeveapi.Watch{Snapshot: true, Cluster: &reeveapi.Cluster{}, Tasks: tasks}, now)
	if got := s.Snapshot().TaskRate(now); got != 0 {
		t.Errorf("at first %g changes a second, want none", got)
	}
	for i := range 20 {
		s.Apply(&reeveapi.Watch{Cluster: &reeveapi.Cluster{}, Tasks: tasks, TasksRemoved: []string{"x"}}, now.Add(time.Duration(i+1)*time.Second))
	}
	if got := s.Snapshot().TaskRate(now.Add(20 * time.Second)); got < 2.9 || got > 3.1 {
		t.Errorf("%g changes a second, want 3", got)
	}
	if got := s.Snapshot().TaskRate(now.Add(time.Minute)); got != 0 {
		t.Errorf("%g changes a second when nothing comes, want none", got)
	}
}
