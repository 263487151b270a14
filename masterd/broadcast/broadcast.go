// Package broadcast tells any number of readers what changes in the cluster, at the cost of one: the changes are found once
// and written once for all, or twice where some want them brief. It has no goroutine of its own: one of the readers' looks for all, and the others sleep until
// there is something. It never waits for a reader; one that falls too far behind is closed, and starts over. Start reading at Cast.
package broadcast

import (
	"context"
	"sync"
	"time"

	"codeberg.org/reeve/reeve/masterd/outbox"
	"codeberg.org/reeve/reeve/masterd/overview"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/shorthand"
	"codeberg.org/reeve/reeve/shared/watchline"
)

// Source answers what the cluster is now, with the events after a number.
type Source func(ctx context.Context, since uint64) (overview.Now, error)

// Pace says how often lines come.
type Pace struct {
	Look time.Duration // between two looks at the cluster, at least
	Say  time.Duration // between two lines, at most
	// Calm is what Look is while more than Busy tasks change a second. Nobody can follow them one by one, and each look costs
	// the master a walk over all tasks, and each line wakes all readers.
	Calm time.Duration
	Busy int
}

// next is the time until the next look, when so many tasks have changed in the time before.
func (p Pace) next(tasks int, in time.Duration) time.Duration {
	if float64(tasks) > float64(p.Busy)*max(in, p.Look).Seconds() {
		return max(p.Calm, p.Look)
	}
	return p.Look
}

// backlog is how many lines may wait for a reader: about half a minute of a busy cluster. Of one that is told of so seldom
// as Calm, whose lines are long, fewer may: half a minute, too.
const backlog = 300

// Cast is the stream of one term.
type Cast struct {
	source Source
	pace   Pace
	turn   chan struct{} // capacity 1: nobody waits for when to look

	mu      sync.Mutex // guards the fields below; held while changes are found
	watcher *overview.Watcher
	looked  time.Time
	wait    time.Duration // after looked
	said    time.Time
	readers map[*outbox.Box[[]byte]]bool // whether the reader wants brief lines
	brief   *shorthand.Writer            // nil while nobody wants these
}

// New returns a cast that nobody reads yet.
func New(source Source, pace Pace) *Cast {
	c := &Cast{source: source, pace: pace, wait: pace.Look, readers: map[*outbox.Box[[]byte]]bool{}, turn: make(chan struct{}, 1)}
	c.turn <- struct{}{}
	return c
}

// Join answers a line with everything, and the box in which the lines after it come, whole ones or brief ones. The reader follows the
// box, and hangs it up at its end.
func (c *Cast) Join(ctx context.Context, brief bool) (first []byte, box *outbox.Box[[]byte], err error) {
	line, box, err := c.join(ctx, brief)
	if err != nil {
		return nil, nil, err
	}
	if first, err = watchline.AppendWatch(nil, &line); err != nil {
		box.Hangup()
		return nil, nil, err
	}
	return first, box, nil
}

func (c *Cast) join(ctx context.Context, brief bool) (line reeveapi.Watch, box *outbox.Box[[]byte], err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, err := c.source(ctx, 0)
	if err != nil {
		return reeveapi.Watch{}, nil, err
	}
	if c.watcher == nil {
		c.watcher, c.looked, c.said, c.wait = &overview.Watcher{}, now.At, now.At, c.pace.Look
		line, _ = c.watcher.Next(now)
	} else {
		// The others are told first, so that all go on from the same moment.
		if err := c.tell(now); err != nil {
			return reeveapi.Watch{}, nil, err
		}
		line, _ = new(overview.Watcher).Next(now)
	}
	if brief {
		if c.brief == nil {
			c.brief = &shorthand.Writer{}
		}
		c.brief.Snapshot(&line)
	}
	box = outbox.New[[]byte](backlog, func() { c.leave(box) })
	c.readers[box] = brief
	return line, box, nil
}

func (c *Cast) leave(box *outbox.Box[[]byte]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.readers, box)
	if len(c.readers) == 0 {
		c.watcher = nil // nothing is remembered for nobody
	}
	if c.count(true) == 0 {
		c.brief = nil
	}
}

// count is how many readers want lines that are brief, or that are not. It must be called with the lock held.
func (c *Cast) count(brief bool) int {
	n := 0
	for _, is := range c.readers {
		if is == brief {
			n++
		}
	}
	return n
}

// Follow sends what comes into a box until that is closed, ctx ends or done comes. What is in the box when it is closed, or
// when done comes, is still sent.
func (c *Cast) Follow(ctx context.Context, done <-chan struct{}, box *outbox.Box[[]byte], send func([]byte) error) error {
	for open, ended := true, false; open && !ended; {
		var err error
		if ended, err = c.await(ctx, done, box); err != nil {
			return err
		}
		var items [][]byte
		items, open = box.Take()
		for _, item := range items {
			if err := send(item); err != nil {
				return err
			}
		}
	}
	return nil
}

// await returns when something is in the box. While it waits it may be the one of all followers who looks for changes; it
// hands that on before it returns, because a peer that takes nothing may hold up its sender.
func (c *Cast) await(ctx context.Context, done <-chan struct{}, box *outbox.Box[[]byte]) (ended bool, err error) {
	turn := c.turn
	due := time.NewTimer(0)
	due.Stop()
	defer func() {
		if turn == nil {
			due.Stop()
			c.turn <- struct{}{}
		}
	}()
	for {
		select {
		case <-box.Ready():
			return false, nil
		case <-turn:
			turn = nil
			due.Reset(c.rest(time.Now()))
		case now := <-due.C:
			if err := c.Look(ctx, now); err != nil {
				return false, err
			}
			due.Reset(c.rest(now))
		case <-ctx.Done():
			return false, ctx.Err()
		case <-done:
			return true, nil
		}
	}
}

// rest is how long it is until the next look.
func (c *Cast) rest(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(c.wait-now.Sub(c.looked), 0)
}

// Look finds what has changed and puts it into all boxes, if it is time. now is the reader's clock.
func (c *Cast) Look(ctx context.Context, now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	const early = 10 * time.Millisecond // tickers are not exact, and two readers' not in step
	if c.watcher == nil || now.Sub(c.looked) < c.wait-early {
		return nil
	}
	next, err := c.source(ctx, c.watcher.Since())
	if err != nil {
		return err
	}
	return c.tell(next)
}

// tell must be called with the lock held. Events that were told before may be among those of now.
func (c *Cast) tell(now overview.Now) error {
	seen := c.watcher.Since()
	for len(now.Events) > 0 && now.Events[0].Seq <= seen {
		now.Events = now.Events[1:]
	}
	line, changed := c.watcher.Next(now)
	c.wait = c.pace.next(len(line.Tasks)+len(line.TasksMoved)+len(line.TasksRemoved), now.At.Sub(c.looked))
	c.looked = now.At
	if !changed && now.At.Sub(c.said) < c.pace.Say {
		return nil
	}
	whole, brief, err := c.encode(&line)
	if err != nil {
		return err
	}
	c.said = now.At
	most := int(backlog * c.pace.Look / c.wait)
	for box, is := range c.readers { // one that is closed is read to its end, and its reader starts over
		if box.Len() >= most {
			box.Close()
		}
		if is {
			box.Put(brief)
		} else {
			box.Put(whole)
		}
	}
	return nil
}

// encode writes a line as readers want it; what nobody wants is nil.
func (c *Cast) encode(line *reeveapi.Watch) (whole, brief []byte, err error) {
	if c.count(false) > 0 {
		if whole, err = watchline.AppendWatch(nil, line); err != nil {
			return nil, nil, err
		}
	}
	if c.brief != nil {
		brief, err = watchline.AppendWatch(nil, c.brief.Line(line))
	}
	return whole, brief, err
}

// Readers is how many there are.
func (c *Cast) Readers() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.readers)
}
