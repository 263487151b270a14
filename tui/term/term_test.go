package term

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/muesli/termenv"
	xterm "golang.org/x/term"
)

func TestDetect(t *testing.T) {
	for _, test := range []struct {
		name string
		env  map[string]string
		want Caps
	}{
		{"nothing", nil, Caps{Profile: termenv.Ascii, Plain: true}},
		{"a laptop", map[string]string{"TERM": "xterm-256color", "LANG": "en_US.UTF-8"}, Caps{UTF8: true, Profile: termenv.ANSI256, Asks: true}},
		{"ssh", map[string]string{"TERM": "screen", "LANG": "C.UTF-8", "SSH_CONNECTION": "1 2 3 4"}, Caps{UTF8: true, Profile: termenv.ANSI, Asks: true, SSH: true}},
		{"LC_ALL wins", map[string]string{"TERM": "xterm", "LANG": "en_US.UTF-8", "LC_ALL": "C"}, Caps{Profile: termenv.ANSI, Asks: true}},
		{"no colour", map[string]string{"TERM": "xterm-256color", "NO_COLOR": "1"}, Caps{Profile: termenv.Ascii}},
		{"light", map[string]string{"TERM": "rxvt", "COLORFGBG": "0;default;15"}, Caps{Profile: termenv.ANSI, Asks: true, Known: true, Light: true}},
		{"dark", map[string]string{"TERM": "rxvt", "COLORFGBG": "15;0"}, Caps{Profile: termenv.ANSI, Asks: true, Known: true}},
		{"tmux", map[string]string{"TERM": "tmux-256color", "TMUX": "/tmp/x"}, Caps{Profile: termenv.ANSI256, Asks: true, Tmux: true}},
		{"the console of Linux", map[string]string{"TERM": "linux"}, Caps{Profile: termenv.ANSI}},
		{"dumb", map[string]string{"TERM": "dumb", "COLORTERM": "truecolor"}, Caps{Profile: termenv.Ascii, Plain: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := Detect(func(k string) string { return test.env[k] }); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestPartial(t *testing.T) {
	for text, want := range map[string]bool{
		"":              false,
		"a":             false,
		"\x1b":          true,
		"\x1b[":         true,
		"\x1b[1;2":      true,
		"\x1b[A":        false,
		"\x1b[1;2C":     false,
		"\x1b[[A":       false,
		"\x1bO":         true,
		"\x1bOP":        false,
		"\x1bj":         false,
		"j\x1b[6":       true,
		"j\x1b[6~":      false,
		"\x1b[A\x1b":    true,
		"\x1b[<0;12;4M": false,
		"\x1b[M":        true,
		"\x1b[M !!":     false,
		"\x1b]11;rgb":   true,
		"ä":             false,
		"\xc3":          true,
		"\xe2\x96":      true,
		"▶":             false,
		"\x80":          false,
	} {
		if got := Partial([]byte(text)); got != want {
			t.Errorf("Partial(%q) = %v, want %v", text, got, want)
		}
	}
}

// TestBackground takes the answer out of what is typed, in whatever pieces it comes.
func TestBackground(t *testing.T) {
	for _, test := range []struct {
		reads []string
		typed string
		told  string
	}{
		{[]string{"j", "k"}, "jk", ""},
		{[]string{"\x1b]11;rgb:ffff/ffff/ffff\a"}, "", "light"},
		{[]string{"\x1b]11;rgb:1c1c/1c1c/1c1c\x1b\\"}, "", "dark"},
		{[]string{"j\x1b]11;rgba:ff/ff/dd/ff\x1b\\k"}, "jk", "light"},
		{[]string{"\x1b]11;rg", "b:ff", "ff/ffff/ffff\x1b", "\\j"}, "j", "light"},
		{[]string{"\x1b", "]11;rgb:0/0/0\a"}, "\x1b", "dark"},
		{[]string{"\x1b]11;?\aj"}, "j", ""},
		{[]string{"\x1b]11;rgb:zz/0/0\aj\\"}, "j\\", ""},
		{[]string{"\x1b[A]11"}, "\x1b[A]11", ""},
		{[]string{"\x1b]11;" + strings.Repeat("x", 100) + "\a"}, strings.Repeat("x", 35) + "\a", ""},
	} {
		told, typed := "", ""
		g := background{told: func(light bool) { told = map[bool]string{true: "light", false: "dark"}[light] }}
		for _, read := range test.reads {
			typed += string(g.sift([]byte(read)))
		}
		if typed != test.typed || told != test.told {
			t.Errorf("%q: typed %q, want %q; told %q, want %q", test.reads, typed, test.typed, told, test.told)
		}
	}
	g := background{}
	if got := string(g.sift([]byte("\x1b]11;x"))); got != "\x1b]11;x" {
		t.Errorf("nothing was asked, and %q is left", got)
	}
}

func FuzzPartial(f *testing.F) {
	f.Add([]byte("\x1b[1;2C"))
	f.Add([]byte("\xe2\x96"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if Partial(append(append([]byte(nil), b...), "\x1b[A"...)) && !strings.ContainsAny(string(b), "\x1b") {
			t.Errorf("a whole arrow after %q is taken for a part", b)
		}
	})
}

// TestSplitSequences sends an arrow key in two pieces, as networks do: it has to arrive as one.
func TestSplitSequences(t *testing.T) {
	for _, parts := range [][2]string{{"\x1b", "[A"}, {"\x1b[", "A"}, {"\x1b[1;", "2C"}, {"\xe2", "\x96\xb6"}} {
		master, tty, err := pty.Open()
		if err != nil {
			t.Skip("no pseudo terminal here: ", err)
		}
		if _, err := xterm.MakeRaw(int(tty.Fd())); err != nil {
			t.Fatal(err)
		}
		got := make(chan string, 1)
		go func() {
			buf := make([]byte, 64)
			in := NewInput(tty)
			in.wait = time.Minute // on a machine with other things to do, 10 ms may become 60
			n, err := in.Read(buf)
			if err != nil {
				t.Error(err)
			}
			got <- string(buf[:n])
		}()
		write(t, master, parts[0])
		time.Sleep(10 * time.Millisecond) // the network
		write(t, master, parts[1])
		if got, want := <-got, parts[0]+parts[1]; got != want {
			t.Errorf("read %q, want %q", got, want)
		}
		if err := master.Close(); err != nil {
			t.Error(err)
		}
		if err := tty.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestLoneEscape checks that the escape key arrives without another key after it.
func TestLoneEscape(t *testing.T) {
	master, tty, err := pty.Open()
	if err != nil {
		t.Skip("no pseudo terminal here: ", err)
	}
	defer master.Close() //nolint:errcheck // a test's terminal
	defer tty.Close()    //nolint:errcheck // a test's terminal
	if _, err := xterm.MakeRaw(int(tty.Fd())); err != nil {
		t.Fatal(err)
	}
	write(t, master, "\x1b")
	var got string
	read := make(chan error, 1)
	go func() {
		buf := make([]byte, 64)
		n, err := NewInput(tty).Read(buf)
		got = string(buf[:n])
		read <- err
	}()
	late := time.NewTimer(time.Minute)
	defer late.Stop()
	select {
	case err := <-read:
		if err != nil || got != "\x1b" {
			t.Errorf("read %q, %v, want an escape", got, err)
		}
	case <-late.C:
		t.Error("the escape key does not arrive by itself")
	}
}

func write(t *testing.T, f *os.File, text string) {
	t.Helper()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// TestCopy: tmux and desktops are told by their programs, others by the terminal, and the operator hears which it was.
func TestCopy(t *testing.T) {
	ssh := Caps{SSH: true, X11: true}
	for _, test := range []struct {
		name, programs string // those that there are
		caps           Caps
		by             string // the program that gets the text, "" for the terminal
		note           string
	}{
		{"tmux", "tmux", Caps{Tmux: true}, "tmux load-buffer -w -", "copied 5 bytes to tmux, which passes them on"},
		{"tmux over SSH", "tmux xclip", Caps{Tmux: true, SSH: true, X11: true}, "tmux load-buffer -w -", "copied 5 bytes to tmux, which passes them on"},
		{"tmux without its program", "xclip", Caps{Tmux: true, X11: true}, "", "copied 5 bytes through the terminal (tmux passes it on with: set -g set-clipboard on)"},
		{"Wayland", "wl-copy xclip", Caps{Wayland: true, X11: true}, "wl-copy", "copied 5 bytes by wl-copy"},
		{"X11", "wl-copy xsel", Caps{X11: true}, "xsel --clipboard --input", "copied 5 bytes by xsel"},
		{"a Mac", "pbcopy", Caps{}, "pbcopy", "copied 5 bytes by pbcopy"},
		{"another machine's desktop", "xclip pbcopy tmux", ssh, "", "copied 5 bytes through the terminal"},
		{"nothing", "", Caps{X11: true}, "", "copied 5 bytes through the terminal"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for program := range strings.FieldsSeq(test.programs) {
				script := "#!/bin/sh\n{ echo " + program + " \"$@\"; /bin/cat; } >" + dir + "/told\n"
				if err := os.WriteFile(filepath.Join(dir, program), []byte(script), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("PATH", dir)
			read, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			note, err := NewOutput(w).Copy(test.caps, "hello")
			if err := errors.Join(err, w.Close()); err != nil {
				t.Fatal(err)
			}
			written, _ := io.ReadAll(read)
			told, _ := os.ReadFile(filepath.Join(dir, "told"))
			want, wantTold := "\x1b]52;c;aGVsbG8=\a", ""
			if test.by != "" {
				want, wantTold = "", test.by+"\nhello"
			}
			if string(written) != want || string(told) != wantTold || note != test.note {
				t.Errorf("the terminal got %q, a program %q, and %q was said; want %q, %q, %q", written, told, note, want, wantTold, test.note)
			}
		})
	}
}

// TestGone: the end of input has a name of its own. At io.EOF bubbletea would stop reading and go on.
func TestGone(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := NewInput(r).Read(make([]byte, 8)); !errors.Is(err, ErrGone) {
		t.Errorf("got %v, want %v", err, ErrGone)
	}
}
