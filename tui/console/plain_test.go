package console

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/tui/reach"
	"codeberg.org/reeve/reeve/tui/screen/overview"
)

// TestPlain reads what a screen reader would be given.
func TestPlain(t *testing.T) {
	t.Setenv("LANG", "C.UTF-8")
	t.Setenv("LC_ALL", "")
	for _, ascii := range []bool{false, true} {
		var out bytes.Buffer
		if err := Plain(t.Context(), Options{Demo: true, Plain: true, ASCII: ascii}, &out); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		for _, want := range []string{"demo", "AGENTS", "ATTENTION", "agent-09", "EVENTS"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is missing:\n%s", want, text)
			}
		}
		if strings.ContainsAny(text, "\x1b\r") || strings.Contains(text, "<?>") {
			t.Errorf("there is something for terminals in it:\n%q", text)
		}
		for _, r := range text {
			if ascii && r > 0x7e {
				t.Fatalf("%q is not ASCII", r)
			}
		}
	}
	if err := Plain(t.Context(), Options{Plain: true, Way: reach.Way{Masters: []string{"127.0.0.1:1"}}}, &bytes.Buffer{}); err == nil {
		t.Error("it prints a cluster that is not there")
	}
}

// TestPlainForPrograms prints the same as a value.
func TestPlainForPrograms(t *testing.T) {
	var out bytes.Buffer
	var got overview.Report
	o := Options{Demo: true, Plain: true, Data: func(v any) error {
		got = v.(overview.Report)
		return nil
	}}
	if err := Plain(t.Context(), o, &out); err != nil || out.Len() > 0 {
		t.Fatalf("it printed %q beside, %v", out.String(), err)
	}
	about := func(c overview.Concern) bool {
		return c.Subject == "agent-09" && strings.Contains(c.Text, "unreachable")
	}
	if got.Cluster == nil || got.Cluster.Leader != "m2" || !slices.ContainsFunc(got.Attention, about) {
		t.Errorf("got %+v, want the cluster and what needs somebody", got)
	}
	if n := len(got.Events); n < 2 || got.Events[0].At.Before(got.Events[n-1].At) {
		t.Errorf("got %d events, want the newest first", n)
	}
}
