package ring

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func all(r *Ring) string {
	var out []string
	for i := range r.Len() {
		out = append(out, r.Line(i))
	}
	return strings.Join(out, "|")
}

func TestAppendJoinsWhatReadsCut(t *testing.T) {
	r := New(Default)
	for _, part := range []string{"one\ntw", "o\n", "three", "\n\nfive"} {
		r.Append([]byte(part))
	}
	if got, want := all(r), "one|two|three||five"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	r.Note("note")
	r.Append([]byte("six\n"))
	if got, want := all(r), "one|two|three||five|note|six"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPrepend(t *testing.T) {
	r := New(Default)
	r.Begin(15)
	r.Append([]byte("lf of it\nlast\n"))
	if got := r.Prepend([]byte("first\nsecond ha")); got != 1 {
		t.Errorf("%d lines came before, want 1", got)
	}
	if got, want := all(r), "first|second half of it|last"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for i, want := range []int64{0, 6, 24} {
		if got := r.At(i); got != want {
			t.Errorf("line %d begins at %d, want %d", i, got, want)
		}
	}
}

func TestDropsTheOldest(t *testing.T) {
	r := New(Limits{Bytes: 1000, Lines: 3, Line: 100})
	dropped := 0
	for i := range 10 {
		dropped += r.Append(fmt.Appendf(nil, "line %d\n", i))
	}
	if got, want := all(r), "line 7|line 8|line 9"; got != want || dropped != 7 || r.Dropped() != 7 {
		t.Errorf("got %q and %d dropped, want %q and 7", got, dropped, want)
	}
	r = New(Limits{Bytes: 20, Lines: 100, Line: 8})
	r.Append([]byte(strings.Repeat("x", 30)))
	if r.Bytes() > 20 || r.Len() == 0 {
		t.Errorf("%d bytes in %d lines, want at most 20", r.Bytes(), r.Len())
	}
}

func TestMatch(t *testing.T) {
	for _, test := range []struct {
		want, line string
		begin      int
	}{
		{"warn", "a WARN b", 2}, {"Warn", "a WARN b", -1}, {"", "abc", -1}, {"ä", "xä", 1}, {"b", "", -1},
	} {
		if got, _ := NewMatch(test.want).In(test.line, 0); got != test.begin {
			t.Errorf("%q in %q at %d, want %d", test.want, test.line, got, test.begin)
		}
	}
}

// FuzzAppend cuts a text anywhere: the lines are the same as if it had come at once, and the size is what it is.
func FuzzAppend(f *testing.F) {
	f.Add([]byte("one\ntwo\n\nthree"), 5)
	f.Add([]byte("\n\xff\x00"), 1)
	f.Fuzz(func(t *testing.T, text []byte, cut int) {
		if len(text) == 0 {
			return
		}
		cut = max(cut%len(text), -(cut % len(text)))
		r := New(Default)
		r.Append(text[:cut])
		r.Append(text[cut:])
		want := strings.Split(string(bytes.TrimSuffix(text, []byte("\n"))), "\n")
		if got := all(r); got != strings.Join(want, "|") {
			t.Errorf("got %q, want %q", got, want)
		}
		size := 0
		for i := range r.Len() {
			if line, at := r.Line(i), int(r.At(i)); string(text[at:at+len(line)]) != line {
				t.Errorf("line %d, %q, is said to be at %d", i, line, at)
			}
			size += len(r.Line(i))
		}
		if size != r.Bytes() {
			t.Errorf("counts %d bytes, holds %d", r.Bytes(), size)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	r := New(Default)
	line := []byte(strings.Repeat("x", 120) + "\n")
	for b.Loop() {
		r.Append(line)
	}
}
