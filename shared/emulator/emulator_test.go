package emulator

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestTakesEverything cuts a stream at every byte: io.Copy must come to its end, and the screen show what was sent.
func TestTakesEverything(t *testing.T) {
	const sent = "é ▶ 漢 😀 ─\x1b[31m■\x1b[0m."
	whole := New(40, 2)
	if _, err := io.WriteString(whole, sent); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(whole.String(), "é ▶ 漢 😀 ─■.") {
		t.Fatalf("sent whole:\n%s", whole)
	}
	bytewise := New(40, 2)
	if _, err := io.Copy(struct{ io.Writer }{bytewise}, iotest.OneByteReader(strings.NewReader(sent))); err != nil {
		t.Fatalf("sent byte by byte: %v", err)
	}
	if bytewise.String() != whole.String() {
		t.Errorf("sent byte by byte:\n%s\nsent whole:\n%s", bytewise, whole)
	}
	for at := range len(sent) {
		halves := New(40, 2)
		for _, half := range []string{sent[:at], sent[at:]} {
			if n, err := io.WriteString(halves, half); err != nil || n != len(half) {
				t.Fatalf("cut at %d: took %d of %d: %v", at, n, len(half), err)
			}
		}
		if halves.String() != whole.String() {
			t.Errorf("cut at %d:\n%s", at, halves)
		}
	}
}

// TestRubbishEnds draws bytes that are no UTF-8 at all: none of it may be held back for ever.
func TestRubbishEnds(t *testing.T) {
	term := New(40, 2)
	for range 3 {
		if n, err := io.WriteString(term, "\x80\x80\x80\x80\xff"); err != nil || n != 5 {
			t.Fatalf("took %d: %v", n, err)
		}
	}
	if _, err := io.WriteString(term, "here"); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(term.String(), "here") || len(term.half) > 0 {
		t.Errorf("held back %q of\n%s", term.half, term)
	}
}
