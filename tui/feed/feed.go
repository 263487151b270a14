// Package feed keeps the store up to date: it follows the master's stream, asks agents that are on the screen for usage,
// and tells the console that something changed, ten times a second at most and without any data in the message. It owns
// the console's only long-lived goroutines and never draws. Start reading at Feed.
package feed

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"codeberg.org/reeve/reeve/shared/backoff"
	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/run"
	"codeberg.org/reeve/reeve/shared/shorthand"
	"codeberg.org/reeve/reeve/tui/store"
)

// How often and how long.
const (
	silence      = 12 * time.Second // a stream that says nothing for longer is lost; a master says something every 5 s
	coalesce     = 100 * time.Millisecond
	unwatched    = time.Second     // instead of coalesce, while changes come all the time and nobody touches anything
	attention    = 5 * time.Second // how long somebody who has touched something probably looks closely
	maxLines     = 50              // that wait for the console to look
	usageEvery   = time.Second
	never        = 24 * time.Hour // somebody will say when there is something to do
	usageAsk     = 30 * time.Minute
	askTimeout   = 5 * time.Second
	slowAsks     = 8               // agents that are asked a second where many are wanted
	slowPatience = 2 * time.Second // instead of askTimeout: others wait behind
	unanswered   = 3               // times Every that an agent of many is left alone for longer when it does not answer
)

// reconnect is the pace at which a lost master is tried again.
var reconnect = backoff.Policy{Base: time.Second, Cap: 30 * time.Second}

// Want is an agent whose usage is on the screen.
type Want struct {
	Agent string // id
	HTTP  string
	// Every is for screens on which many agents are: the agent is asked so often, or as often as the number of agents allows,
	// and only its newest samples are kept. 0 asks each second, and for what was before.
	Every time.Duration
	// Task is the one whose past is wanted, by its store.TaskKey; HostOnly for none's. "" is all that run, which is very much.
	Task string
	// Alarms keeps only what is close to its limit, and tells of changes of that alone.
	Alarms bool
}

// HostOnly is the Task of a Want that is about the past of the host alone.
const HostOnly = "-/-"

// Feed is the goroutines between a source and a store.
type Feed struct {
	source Source
	store  *store.Store
	poke   chan struct{} // capacity 1: something changed
	retry  chan struct{} // capacity 1: do not wait for the next try
	asked  chan struct{} // capacity 1: wants changed
	awake  chan struct{} // capacity 1: somebody has come back
	fresh  chan struct{} // capacity 1: a stream has begun

	slower  atomic.Int64 // the least time between two looks that an operator wants, in nanoseconds; 0 for none
	touched atomic.Int64 // when a key was pressed last, in nanoseconds of the Unix clock
	leisure leisure

	lines sync.Mutex // guards came; held while the store takes it
	came  []*reeveapi.Watch

	mu    sync.Mutex // guards wants
	wants []Want
}

// New returns a feed that does nothing until Run.
func New(source Source, st *store.Store) *Feed {
	return &Feed{
		source: source, store: st,
		poke: make(chan struct{}, 1), retry: make(chan struct{}, 1), asked: make(chan struct{}, 1), awake: make(chan struct{}, 1),
		fresh: make(chan struct{}, 1), leisure: newLeisure(),
	}
}

// Run feeds the store until ctx ends. changed is called when a screen should look again, never more than once at a time.
func (f *Feed) Run(ctx context.Context, changed func()) error {
	g := run.NewGroup(ctx)
	g.Go("follow the master", f.follow)
	g.Go("poll usage", f.poll)
	g.Go("ask masters for the past", f.recall)
	g.Go("tell of changes", func(ctx context.Context) error { return f.tell(ctx, changed) })
	return g.Wait()
}

// Want replaces the agents whose usage is wanted.
func (f *Feed) Want(wants []Want) {
	f.mu.Lock()
	old := f.wants
	f.wants = wants
	f.mu.Unlock()
	if slices.Equal(old, wants) {
		return
	}
	// What scrolls through a list all the time is looked at once a second.
	if len(old) == 0 || len(wants) == 0 || wants[0].Every == 0 || wants[0].Every != old[0].Every {
		raise(f.asked)
	}
}

// Retry tries a lost master at once.
func (f *Feed) Retry() { raise(f.retry) }

func raise(flag chan struct{}) {
	select {
	case flag <- struct{}{}:
	default:
	}
}

// apply gives the store what has come.
func (f *Feed) apply() {
	f.lines.Lock()
	defer f.lines.Unlock()
	if len(f.came) == 0 {
		return
	}
	f.store.ApplyAll(f.came, time.Now())
	f.store.SetLink(func(l *store.Link) { l.Master = f.source.Master() })
	for _, w := range f.came {
		shorthand.Release(w)
	}
	clear(f.came)
	f.came = f.came[:0]
}

// Touch notes that somebody uses the console at this moment. Who comes back to it sees at once what has changed.
func (f *Feed) Touch(now time.Time) {
	if before := f.touched.Swap(now.UnixNano()); now.Sub(time.Unix(0, before)) > attention {
		raise(f.awake)
	}
}

// Pace has the console look at changes so often at most; 0 leaves it to the feed.
func (f *Feed) Pace(least time.Duration) { f.slower.Store(int64(least)) }

// tell tells of changes: of the first one at once, and then at a pace. A console that nobody touches is the larger part of
// all consoles, and on a large cluster something changes all the time.
func (f *Feed) tell(ctx context.Context, changed func()) error {
	for steady := false; ; {
		select {
		case <-f.poke:
			f.apply()
			changed()
		case <-ctx.Done():
			return ctx.Err()
		}
		pace, early := max(coalesce, time.Duration(f.slower.Load())), (<-chan struct{})(nil)
		untouched := steady && time.Since(time.Unix(0, f.touched.Load())) > attention
		if untouched && pace < unwatched {
			pace, early = unwatched, f.awake
		}
		f.leisure.on.Store(untouched)
		if !pause(ctx, pace, early) {
			return ctx.Err()
		}
		f.leisure.gather(ctx)
		steady = len(f.poke) > 0
	}
}

// pause waits, or returns early when early is raised; false means that ctx ended.
func pause(ctx context.Context, d time.Duration, early <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-early:
	case <-ctx.Done():
		return false
	}
	return true
}

// follow keeps one stream open, for ever. Losing it changes only the state of the link: what is known stays.
func (f *Feed) follow(ctx context.Context) error {
	f.store.SetLink(func(l *store.Link) { l.Since, l.Master = time.Now(), f.source.Master() })
	for attempt := 0; ; {
		heard, err := f.stream(ctx)
		f.apply() // before it is said that nothing comes any more
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if heard {
			attempt = 0
		}
		attempt++
		// Half of the window is fixed: a countdown that says zero again and again helps nobody.
		window := min(reconnect.Base<<min(attempt-1, 10), reconnect.Cap)
		next := time.Now().Add(window/2 + reconnect.Wait(attempt-1, half))
		f.store.SetLink(func(l *store.Link) {
			if l.Live {
				l.Since = time.Now()
			}
			l.Live, l.Err, l.Attempt, l.Next, l.Master, l.Tried = false, reason(err), attempt, next, f.source.Master(), nil
			for _, t := range f.source.Tried() {
				l.Tried = append(l.Tried, store.Tried(t))
			}
		})
		raise(f.poke)
		if !pause(ctx, time.Until(next), f.retry) {
			return ctx.Err()
		}
	}
}

func half() float64 { return 0.5 }

func reason(err error) string {
	if err == nil {
		return "the master ended the stream"
	}
	return err.Error()
}

var errSilent = fmt.Errorf("the master said nothing for %s", silence)

// stream follows one stream to its end and says whether anything came.
func (f *Feed) stream(ctx context.Context) (heard bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(silence, func() { cancel(errSilent) })
	defer watchdog.Stop()
	var begun atomic.Bool // until then nothing rests
	restful := client.WithRest(ctx, func(most time.Duration, over <-chan struct{}) {
		if begun.Load() {
			f.leisure.rest(most, over)
		}
	})
	err = f.source.Watch(restful, func(w *reeveapi.Watch) error {
		watchdog.Reset(silence)
		first := begun.CompareAndSwap(false, true)
		f.lines.Lock()
		f.came = append(f.came, w)
		full := len(f.came) >= maxLines
		f.lines.Unlock()
		if full { // whoever is told does not listen
			f.apply()
		}
		raise(f.poke)
		if first {
			raise(f.fresh)
		}
		return nil
	})
	if errors.Is(context.Cause(ctx), errSilent) {
		err = errSilent
	}
	return begun.Load(), err
}

// polled is what poll remembers of an agent.
type polled struct {
	at    time.Time     // when it was asked last
	every time.Duration // for whom: the Every of that want
	known bool          // its history is in the store
	task  string        // whose history that is: the Task of that want
}

// poll asks the wanted agents once a second, and at once when others are wanted.
func (f *Feed) poll(ctx context.Context) error {
	agents := map[string]polled{}
	for {
		f.mu.Lock()
		wants := slices.Clone(f.wants)
		f.mu.Unlock()
		f.round(ctx, wants, agents)
		keep := map[string]bool{}
		for _, w := range wants {
			keep[w.Agent] = true
		}
		before := len(agents)
		// One that did not answer is remembered until it would be asked again: lists show other agents all the time.
		maps.DeleteFunc(agents, func(agent string, a polled) bool { return !keep[agent] && !a.at.After(time.Now()) })
		if len(agents) < before {
			f.store.DropUsage(keep)
		}
		wait := usageEvery
		if len(wants) == 0 {
			wait = never
		}
		if !pause(ctx, wait, f.asked) {
			return ctx.Err()
		}
	}
}

// round asks the agents that are due. Where many are, a part of them is, and whoever wants others is not kept waiting.
func (f *Feed) round(ctx context.Context, wants []Want, agents map[string]polled) {
	slow := 0
	least := time.Duration(len(wants)) * time.Second / slowAsks
	for _, w := range wants {
		a := agents[w.Agent]
		switch {
		case w.Every == 0:
			a.known = f.ask(ctx, w, !a.known || a.task != w.Task)
			a.task = w.Task
		case slow == slowAsks || a.every == w.Every && time.Since(a.at) < max(w.Every, least) || len(f.asked) > 0 || ctx.Err() != nil:
			continue
		default:
			slow++
			a.known = false
			answered := f.askNewest(ctx, w)
			a.at, a.every = time.Now(), w.Every
			if !answered {
				a.at = a.at.Add(unanswered * w.Every) // others shall not wait for it each time
			}
			agents[w.Agent] = a
			continue
		}
		a.at, a.every = time.Now(), w.Every
		agents[w.Agent] = a
	}
}

// askNewest asks an agent of many. What it said before is forgotten if it does not answer.
func (f *Feed) askNewest(ctx context.Context, w Want) (answered bool) {
	ctx, cancel := context.WithTimeout(ctx, slowPatience)
	defer cancel()
	usage, err := f.source.Usage(ctx, w.HTTP, 0)
	if err != nil {
		usage = nil
	}
	if f.store.AddNewest(w.Agent, usage, w.Alarms) {
		raise(f.poke)
	}
	return err == nil
}

// ask polls one agent and says whether its history is known now.
func (f *Feed) ask(ctx context.Context, w Want, history bool) bool {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	usage, err := f.usage(ctx, w, history)
	if errors.Is(err, context.Canceled) {
		return false
	}
	f.store.AddUsage(w.Agent, usage, err)
	raise(f.poke)
	return err == nil
}

// usage asks for the newest of all tasks, or with history for what was before of those whose past is wanted.
func (f *Feed) usage(ctx context.Context, w Want, history bool) (*reeveapi.Usage, error) {
	switch framework, task, one := strings.Cut(w.Task, "/"); {
	case !history:
		return f.source.Usage(ctx, w.HTTP, 0)
	case one:
		return f.source.TaskUsage(ctx, w.HTTP, framework, task, usageAsk)
	}
	return f.source.Usage(ctx, w.HTTP, usageAsk)
}
