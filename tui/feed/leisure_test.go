package feed

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/store"
)

// city is a master that writes a line every 100 ms, and a connection that rests.
type city struct {
	since       time.Time
	read, reads atomic.Int32
}

// written is how many lines there are.
func (c *city) written() int32 { return int32(time.Since(c.since)/(100*time.Millisecond)) + 1 }

func (c *city) watch(ctx context.Context, _ int, line func(*reeveapi.Watch) error) error {
	c.since = time.Now()
	for ctx.Err() == nil {
		if n := c.written(); c.read.Load() < n {
			c.reads.Add(1)
			for c.read.Load() < n {
				_ = line(&reeveapi.Watch{Agents: []reeveapi.Agent{{ID: fmt.Sprint(c.read.Add(1))}}})
			}
			client.RestOf(ctx)(2*time.Second, ctx.Done())
		}
		time.Sleep(time.Millisecond)
	}
	return ctx.Err()
}

// TestNobodyLooksClosely checks that a busy stream is read once a second while nobody touches anything, right before the
// console looks, and that whoever comes back sees all there is.
func TestNobodyLooksClosely(t *testing.T) {
	var c city
	play(t, &source{watch: c.watch}, func(f *Feed, st *store.Store, changed *atomic.Int32) {
		for range 5 {
			f.Touch(time.Now())
			time.Sleep(time.Second)
		}
		if got := c.reads.Load(); got < 48 {
			t.Errorf("%d reads in 5 s in which somebody looked, want one for each line", got)
		}
		time.Sleep(7 * time.Second)
		c.reads.Store(0)
		changed.Store(0)
		for range 10 {
			time.Sleep(time.Second)
			synctest.Wait()
			if late := int(c.written()) - st.Snapshot().Agents.Len(); late > 11 {
				t.Errorf("the console is %d lines behind, more than a second", late)
			}
		}
		if reads, told := c.reads.Load(), changed.Load(); reads < 9 || reads > 11 || told < 9 || told > 11 {
			t.Errorf("%d reads and %d looks in 10 s in which nobody touched anything, want 10 of each", reads, told)
		}
		time.Sleep(550 * time.Millisecond)
		f.Touch(time.Now())
		time.Sleep(5 * time.Millisecond)
		synctest.Wait()
		if written, known := int(c.written()), st.Snapshot().Agents.Len(); known != written {
			t.Errorf("who came back sees %d of %d lines", known, written)
		}
	})
}
