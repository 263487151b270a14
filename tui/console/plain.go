package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/app"
	"codeberg.org/reeve/reeve/tui/feed"
	"codeberg.org/reeve/reeve/tui/screen/overview"
	"codeberg.org/reeve/reeve/tui/state"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/term"
)

// What is printed once is of this size, in cells: wide enough for all columns, long enough for attention and events.
const (
	plainW = 140
	plainH = 40
)

// plainPatience is how long the masters may take to say everything.
const plainPatience = 20 * time.Second

var errHeard = errors.New("everything was heard")

// Plain prints the overview once, as text without attributes: for screen readers, watch(1) and pipes; for
// programs the same as one document.
func Plain(ctx context.Context, o Options, w io.Writer) error {
	if err := o.validate(); err != nil {
		return err
	}
	source, closeSource, err := sourceOf(o)
	if err != nil {
		return err
	}
	defer closeSource()
	ctx, cancel := context.WithTimeout(ctx, plainPatience)
	defer cancel()
	st := store.New()
	err = source.Watch(ctx, func(line *reeveapi.Watch) error {
		st.Apply(line, time.Now())
		return errHeard
	})
	if !errors.Is(err, errHeard) {
		return err
	}
	if o.Data != nil {
		return o.Data(overview.Read(st.Snapshot(), time.Now()))
	}
	st.SetLink(func(l *store.Link) { l.Master = source.Master() })
	caps := term.Caps{Plain: true, UTF8: term.Detect(os.Getenv).UTF8}
	root := app.New(ctx, deps(o, caps, source, st, feed.New(source, st), nil, state.Open(os.Getenv, nil), state.Session{}))
	root.Update(tea.WindowSizeMsg{Width: plainW, Height: plainH})
	lines := strings.Split(ansi.Strip(root.View()), "\n")
	for _, line := range lines[:len(lines)-2] { // what is below is status and keys, which nobody can press
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " ")); err != nil {
			return err
		}
	}
	return nil
}
