package stream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

// TestLines puts lines together again that came in any pieces.
func TestLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("ab\n\r\"{é\x00"))).Draw(t, "text")
		var out bytes.Buffer
		l := &Lines{Out: &out, Form: output.JSON, Task: "t", Stream: "stderr"}
		for rest := text; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			if _, err := l.Write([]byte(rest[:n])); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := l.Flush(); err != nil {
			t.Fatal(err)
		}
		var got []string
		for line := range strings.Lines(out.String()) {
			var v Line
			if err := json.Unmarshal([]byte(line), &v); err != nil || v.Task != "t" || v.Stream != "stderr" {
				t.Fatalf("%q: %v", line, err)
			}
			got = append(got, v.Line+map[bool]string{false: "\n"}[v.More])
		}
		want := strings.ReplaceAll(text, "\r\n", "\n")
		if !strings.HasSuffix(want, "\n") { // a \r at the very end may be one of a line's end
			want = strings.TrimSuffix(want, "\r")
		}
		if strings.Join(got, "") != want {
			t.Fatalf("%q became %q", text, got)
		}
	})
}

// TestLongLine tells a line in pieces that is too long to be held.
func TestLongLine(t *testing.T) {
	var out bytes.Buffer
	l := &Lines{Out: &out, Form: output.JSON}
	if _, err := l.Write([]byte(strings.Repeat("x", longest) + "y\n")); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 1 || strings.Contains(lines[0], "more") {
		t.Errorf("a line that came whole became %d", len(lines))
	}
	out.Reset()
	for _, piece := range []string{strings.Repeat("x", longest), "y\n"} {
		if _, err := l.Write([]byte(piece)); err != nil {
			t.Fatal(err)
		}
	}
	lines = strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 || !strings.HasSuffix(lines[0], `"more":true}`) || !strings.Contains(lines[1], `"line":"y"}`) {
		t.Errorf("the pieces are %d, the last %q", len(lines), lines[len(lines)-1])
	}
}

// TestDocuments reads what is meant for readers of YAML.
func TestDocuments(t *testing.T) {
	var out bytes.Buffer
	for i := range 2 {
		if err := Document(&out, output.YAML, map[string]int{"n": i}); err != nil {
			t.Fatal(err)
		}
	}
	in := yaml.NewDecoder(&out)
	for i := range 2 {
		var v map[string]int
		if err := in.Decode(&v); err != nil || v["n"] != i {
			t.Errorf("document %d is %v, %v", i, v, err)
		}
	}
}

// TestTail loses connections at any time, to masters that remember little and whose clocks differ: what is told is each event once,
// in order, and how many nobody could tell.
func TestTail(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var told []string
		var notes bytes.Buffer
		tail := Tail{Notes: &notes, Take: func(e reeveapi.Event) error {
			told = append(told, e.ID)
			return nil
		}}
		clock, all := time.Unix(1000, 0), []string(nil)
		for term := range rapid.IntRange(1, 3).Draw(t, "terms") {
			clock = clock.Add(time.Duration(rapid.IntRange(-5, 5).Draw(t, "skew")) * time.Second)
			var ring []reeveapi.Event
			for range rapid.IntRange(1, 4).Draw(t, "connections") {
				for range rapid.IntRange(1, 5).Draw(t, "news") {
					clock = clock.Add(time.Duration(rapid.IntRange(0, 1).Draw(t, "step")) * time.Second)
					e := reeveapi.Event{Seq: uint64(len(ring) + 1), At: clock, Kind: "K", ID: fmt.Sprint(term, " ", len(ring)+1)}
					ring, all = append(ring, e), append(all, e.ID)
				}
				tail.Again()
				for _, e := range ring {
					if err := tail.Add(e); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if fmt.Sprint(told) != fmt.Sprint(all) || notes.Len() > 0 {
			t.Fatalf("told %v of %v; %s", told, all, notes.String())
		}
	})
}

// TestTailTellsOfAGap: a leader that has forgotten what came while there was no connection.
func TestTailTellsOfAGap(t *testing.T) {
	var notes bytes.Buffer
	tail := Tail{Notes: &notes, Take: func(reeveapi.Event) error { return nil }}
	for _, seqs := range [][]uint64{{7, 8}, {12, 13}} {
		tail.Again()
		for _, seq := range seqs {
			if err := tail.Add(reeveapi.Event{Seq: seq}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := notes.String(); got != "reeve: at least 3 events came and went while there was no connection\n" {
		t.Errorf("notes are %q", got)
	}
}
