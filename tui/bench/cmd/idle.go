package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/bench"
)

// idle measures what consoles cost that nobody touches, and what they cost the master.
func idle(ctx context.Context, o options) error {
	fmt.Printf("IDLE, share of one core over %s\n", o.idle)
	least, err := bareLoad(ctx, o)
	if err != nil {
		return err
	}
	fmt.Printf("%-46s %6.2f %%\n", "a bare bubbletea ticker", 100*least)
	for _, changes := range []int{0, 1000} {
		err := at(ctx, o, 10_000, changes, func(p *place) error {
			return p.with(ctx, func(c *bench.Console) error { return p.rest(ctx, c, changes, least) })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// aged is how old a console is whose heap has its size: until then its memory is touched for the first time all the time.
const aged = 2 * time.Minute

// settles is how long after a key a console counts as untouched: for five seconds it expects another, and looks more often.
const settles = 6 * time.Second

// rest looks at a console on the overview and on the list of tasks; where much changes, once more when it is aged.
func (p *place) rest(ctx context.Context, c *bench.Console, changes int, least float64) error {
	t := &bench.Typist{Console: c, Fast: true}
	if err := t.Open(ctx); err != nil {
		return err
	}
	old := time.Now().Add(aged)
	if err := p.restOn(ctx, c, fmt.Sprintf("%d changes/s", changes), least); err != nil || changes == 0 {
		return err
	}
	time.Sleep(time.Until(old))
	if err := t.Open(ctx); err != nil {
		return err
	}
	return p.restOn(ctx, c, fmt.Sprintf("%d changes/s, aged", changes), least)
}

// restOn measures on the list, where it must be, and then on the overview.
func (p *place) restOn(ctx context.Context, c *bench.Console, when string, least float64) error {
	for _, screen := range []struct{ key, name string }{{"", "tasks"}, {"1", "overview"}} {
		if screen.key != "" {
			if _, err := c.Press(ctx, screen.key, "the overview", func(s *bench.Screen) bool { return !s.Has(0, "›") }); err != nil {
				return err
			}
		}
		time.Sleep(settles)
		written := c.Written()
		load, err := bench.Load(c.PID(), p.idle)
		if err != nil {
			return err
		}
		fmt.Printf("%-46s %6.2f %%   goal < %.0f %%%s   %.1f of the ticker, %d bytes/s to the terminal\n",
			fmt.Sprintf("10 000 tasks, %s, %s", when, screen.name), 100*load, 100*idleGoal, bench.Missed(load >= idleGoal), load/least,
			int(float64(c.Written()-written)/p.idle.Seconds()))
	}
	return nil
}

// bareLoad is what the least program costs.
func bareLoad(ctx context.Context, o options) (load float64, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	c, err := bench.Start(ctx, env(os.TempDir()), self, "--bare")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, c.Stop()) }()
	if _, err := c.Await(ctx, "its ticks", func(s *bench.Screen) bool { return s.Has(0, "tick 2") }); err != nil {
		return 0, err
	}
	return bench.Load(c.PID(), o.idle)
}

// ticker is the least bubbletea program: it shows a number that grows every second.
type ticker struct{ n int }

func tick() tea.Cmd { return tea.Tick(time.Second, func(time.Time) tea.Msg { return ticker{} }) }

func (t ticker) Init() tea.Cmd { return tick() }

func (t ticker) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if _, due := msg.(ticker); due {
		return ticker{t.n + 1}, tick()
	}
	return t, nil
}

func (t ticker) View() string { return fmt.Sprint("tick ", t.n) }

func bare() error {
	_, err := tea.NewProgram(ticker{}, tea.WithAltScreen()).Run()
	return err
}
