package console

import (
	"bytes"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/tui/reach"
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
