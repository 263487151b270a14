package shell

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"codeberg.org/reeve/reeve/shared/client"
)

// fakeSession is a command that ends when it is told to, and notes what it reads.
type fakeSession struct {
	mu     sync.Mutex // guards text and ended
	text   strings.Builder
	ended  bool
	out    chan string
	lost   error
	closed chan struct{}
	once   sync.Once
}

func newFake() *fakeSession {
	return &fakeSession{out: make(chan string, 8), closed: make(chan struct{})}
}

func (f *fakeSession) Next() ([]byte, bool, error) {
	select {
	case text, ok := <-f.out:
		if !ok {
			return nil, false, f.lost
		}
		stderr := strings.HasPrefix(text, "!")
		return []byte(strings.TrimPrefix(text, "!")), stderr, nil
	case <-f.closed:
		return nil, false, errors.New("closed")
	}
}

func (f *fakeSession) Write(data []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.text.Write(data)
}

func (f *fakeSession) CloseInput() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	return nil
}

func (f *fakeSession) Resize(client.Window) error          { return nil }
func (f *fakeSession) Status(context.Context) (int, error) { return 3, nil }
func (f *fakeSession) Close()                              { f.once.Do(func() { close(f.closed) }) }

func TestRun(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := write.WriteString("in\x1dput"); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		lost   error
		in     *os.File
		status int
		failed bool
	}{
		"end":         {io.EOF, nil, 3, false},
		"lost":        {errors.New("the connection was lost"), nil, 0, true},
		"with a pipe": {io.EOF, read, 3, false},
	} {
		f := newFake()
		f.lost = test.lost
		f.out <- "out"
		f.out <- "!err"
		close(f.out)
		var out, errs strings.Builder
		status, err := Run(t.Context(), f, Streams{In: test.in, Out: &out, Err: &errs})
		if status != test.status || (err != nil) != test.failed || out.String() != "out" || errs.String() != "err" {
			t.Errorf("%s: %d, %v, %q, %q", name, status, err, out.String(), errs.String())
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, newFake(), Streams{Out: io.Discard, Err: io.Discard}); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}

// TestMenu: ctrl+] asks, and the answer may come in another piece. Only whoever can ask for it is offered the task's end.
func TestMenu(t *testing.T) {
	for _, test := range []struct {
		pieces []string
		kill   bool
		want   string
		bye    error
	}{
		{[]string{"plain"}, false, "plain", nil},
		{[]string{"a\x1dsb"}, false, "a\x1db", nil},
		{[]string{"a\x1d", "xb"}, false, "ab", nil},
		{[]string{"a\x1d", "db"}, false, "a", ErrDetached},
		{[]string{"\x1d\x1d", "c"}, false, "c", nil},
		{[]string{"a\x1dkb"}, false, "ab", nil},
		{[]string{"a\x1d", "kb"}, true, "a", ErrKill},
	} {
		f, out := newFake(), &strings.Builder{}
		in := &input{session: f, streams: Streams{Out: out, Kill: test.kill}}
		got, menu := "", false
		for _, piece := range test.pieces {
			var rest []byte
			rest, menu = in.keys([]byte(piece), menu)
			got += string(rest)
		}
		if got != test.want || !errors.Is(in.left(), test.bye) {
			t.Errorf("%q: %q, %v, want %q, %v", test.pieces, got, in.left(), test.want, test.bye)
		}
		if asked := strings.Contains(out.String(), "k ends it"); asked != test.kill {
			t.Errorf("%q: the menu was %q", test.pieces, out)
		}
	}
}
