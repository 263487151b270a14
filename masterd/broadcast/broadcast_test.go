package broadcast_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/masterd/broadcast"
	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/outbox"
	"codeberg.org/reeve/reeve/masterd/overview"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
	"codeberg.org/reeve/reeve/shared/shorthand"
)

// made is a cluster that changes.
type made struct {
	at        time.Time
	version   uint64
	agent     *cluster.Agent
	framework *cluster.Framework
	events    []reeveapi.Event
	asked     int
}

func newMade(tasks int) *made {
	m := &made{
		at: time.Date(2026, 11, 29, 1, 0, 0, 0, time.UTC), version: 1,
		agent: &cluster.Agent{ID: "S0", State: cluster.AgentActive, Info: &mesosv1.AgentInfo{Hostname: new("one")}, Total: resources.MustParse("cpus:8;mem:1024")},
		framework: &cluster.Framework{
			ID: "f", Info: &mesosv1.FrameworkInfo{Name: new("f"), User: new("ann")}, Tasks: map[string]*cluster.Task{}, Roles: []string{"*"},
		},
	}
	for i := range tasks {
		m.set(fmt.Sprint(i), mesosv1.TaskState_TASK_RUNNING)
	}
	return m
}

// set changes or adds a task; views that were given out stay as they are.
func (m *made) set(id string, state mesosv1.TaskState) {
	next := *m.framework
	next.Tasks = maps.Clone(next.Tasks)
	next.Tasks[id] = &cluster.Task{
		ID: ids.Task{Framework: "f", ID: id}, Agent: "S0", State: state, Latest: state, Info: &mesosv1.TaskInfo{Name: new("t" + id)},
		Launched: m.at, Resources: resources.MustParse("cpus:1;mem:64"),
	}
	m.changed(&next)
}

func (m *made) remove(id string) {
	next := *m.framework
	next.Tasks = maps.Clone(next.Tasks)
	delete(next.Tasks, id)
	m.changed(&next)
}

func (m *made) changed(f *cluster.Framework) {
	m.framework = f
	m.version++
	m.events = append(m.events, reeveapi.Event{Seq: uint64(len(m.events) + 1), At: m.at, Kind: "TASK_CHANGED"})
}

func (m *made) now(_ context.Context, since uint64) (overview.Now, error) {
	m.asked++
	return overview.Now{
		At: m.at, Events: append([]reeveapi.Event{}, m.events[min(int(since), len(m.events)):]...),
		View: &cluster.View{
			Version: m.version, Agents: map[ids.Agent]*cluster.Agent{"S0": m.agent},
			Frameworks: map[ids.Framework]*cluster.Framework{"f": m.framework}, Offers: map[ids.Offer]*cluster.Offer{},
		},
		Usage: func(ids.Agent) (*agentlink.HostUsage, time.Time, bool) { return nil, time.Time{}, false },
	}, nil
}

var pace = broadcast.Pace{Look: 100 * time.Millisecond, Say: 5 * time.Second}

// reader is what somebody knows who reads all lines, whole or brief ones.
type reader struct {
	whole  shorthand.Reader
	box    *outbox.Box[[]byte]
	tasks  map[string]string
	events []uint64
}

func join(t *testing.T, c *broadcast.Cast, brief bool) *reader {
	t.Helper()
	first, box, err := c.Join(t.Context(), brief)
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{box: box, tasks: map[string]string{}}
	r.take(t, first, true)
	return r
}

func (r *reader) take(t *testing.T, text []byte, snapshot bool) {
	t.Helper()
	var line reeveapi.Watch
	if err := json.Unmarshal(text, &line); err != nil {
		t.Fatal(err)
	}
	if err := r.whole.Whole(&line); err != nil {
		t.Fatal(err)
	}
	if line.Snapshot != snapshot {
		t.Fatalf("snapshot is %v, want %v", line.Snapshot, snapshot)
	}
	for _, task := range line.Tasks {
		r.tasks[task.ID] = task.State
	}
	for _, move := range line.TasksMoved {
		id := move.Task[len("f/"):]
		if _, known := r.tasks[id]; !known {
			t.Errorf("a move of task %s, which nobody has told of", id)
		}
		r.tasks[id] = move.State
	}
	for _, id := range line.TasksRemoved {
		delete(r.tasks, id[len("f/"):])
	}
	for _, e := range line.Events {
		r.events = append(r.events, e.Seq)
	}
}

func (r *reader) read(t *testing.T) (lines int, open bool) {
	t.Helper()
	items, open := r.box.Take()
	for _, text := range items {
		r.take(t, text, false)
	}
	return len(items), open
}

// TestAllKnowTheSame lets readers come at random moments of random changes: all of them end with what is.
func TestAllKnowTheSame(t *testing.T) {
	for seed := range uint64(30) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		m := newMade(3)
		c := broadcast.New(m.now, pace)
		readers := []*reader{join(t, c, seed%2 == 0)}
		for range 200 {
			m.at = m.at.Add(40 * time.Millisecond)
			id := fmt.Sprint(rnd.IntN(8))
			switch rnd.IntN(6) {
			case 0:
				readers = append(readers, join(t, c, rnd.IntN(2) == 0))
			case 1:
				m.remove(id)
			case 2:
				if n := len(readers); n > 1 {
					readers[n-1].box.Hangup()
					readers = readers[:n-1]
				}
			default:
				m.set(id, mesosv1.TaskState(rnd.IntN(4)+1))
			}
			if err := c.Look(t.Context(), m.at); err != nil {
				t.Fatal(err)
			}
			if rnd.IntN(3) == 0 {
				readers[rnd.IntN(len(readers))].read(t)
			}
		}
		m.at = m.at.Add(time.Second)
		if err := c.Look(t.Context(), m.at); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		for id, task := range m.framework.Tasks {
			want[id] = task.State.String()
		}
		for i, r := range readers {
			r.read(t)
			if diff := cmp.Diff(want, r.tasks); diff != "" {
				t.Fatalf("seed %d: reader %d of %d (-want +got):\n%s", seed, i, len(readers), diff)
			}
			for n := 1; n < len(r.events); n++ {
				if r.events[n] != r.events[n-1]+1 {
					t.Fatalf("seed %d: reader %d was told of event %d after %d", seed, i, r.events[n], r.events[n-1])
				}
			}
		}
		if got := c.Readers(); got != len(readers) {
			t.Errorf("%d readers are counted, want %d", got, len(readers))
		}
	}
}

// TestABusyClusterIsToldOnceASecond lets very much change for a while, and then little.
func TestABusyClusterIsToldOnceASecond(t *testing.T) {
	m := newMade(1000)
	busy := broadcast.Pace{Look: 100 * time.Millisecond, Say: 5 * time.Second, Calm: time.Second, Busy: 300}
	c := broadcast.New(m.now, busy)
	r := join(t, c, false)
	second := func(tasks int) (lines int) {
		for tenth := range 10 {
			m.at = m.at.Add(busy.Look)
			for i := range tasks / 10 {
				m.set(fmt.Sprint(100*tenth+i), mesosv1.TaskState(rand.IntN(4)+1))
			}
			if err := c.Look(t.Context(), m.at); err != nil {
				t.Fatal(err)
			}
		}
		n, _ := r.read(t)
		return n
	}
	second(1000) // who knows what comes?
	for _, step := range []struct{ tasks, least, most int }{{1000, 1, 1}, {1000, 1, 1}, {200, 1, 10}, {200, 10, 10}, {200, 10, 10}, {1000, 1, 2}, {1000, 1, 1}} {
		if n := second(step.tasks); n < step.least || n > step.most {
			t.Errorf("%d lines of a second in which %d tasks changed, want %d to %d", n, step.tasks, step.least, step.most)
		}
	}
	want := map[string]string{}
	for id, task := range m.framework.Tasks {
		want[id] = task.State.String()
	}
	second(0)
	if diff := cmp.Diff(want, r.tasks); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestOneLookForAll checks that many readers cost one look a tenth of a second, and that silence is broken.
func TestOneLookForAll(t *testing.T) {
	m := newMade(1)
	c := broadcast.New(m.now, pace)
	var readers []*reader
	for range 10 {
		readers = append(readers, join(t, c, false))
	}
	m.asked = 0
	for range 60 { // six seconds
		m.at = m.at.Add(100 * time.Millisecond)
		for range readers {
			if err := c.Look(t.Context(), m.at); err != nil {
				t.Fatal(err)
			}
		}
	}
	if m.asked != 60 {
		t.Errorf("the cluster was looked at %d times in 60 tenths of a second", m.asked)
	}
	for i, r := range readers {
		if n, _ := r.read(t); n != 1 {
			t.Errorf("reader %d heard %d lines in six silent seconds, want one", i, n)
		}
	}
}

// TestOneFollowerLooksForAll lets many follow, of whom the one that looks first takes nothing any more: the others hear all
// the same, and the cluster is looked at as often as for one.
func TestOneFollowerLooksForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMade(1)
		var mu sync.Mutex // guards m
		c := broadcast.New(func(ctx context.Context, since uint64) (overview.Now, error) {
			mu.Lock()
			defer mu.Unlock()
			m.at = time.Now()
			return m.now(ctx, since)
		}, pace)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		heard := make([]atomic.Int32, 20)
		for i := range heard {
			_, box, err := c.Join(ctx, false)
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				defer box.Hangup()
				err := c.Follow(ctx, nil, box, func([]byte) error {
					heard[i].Add(1)
					if i == 0 {
						<-ctx.Done() // its peer takes nothing
					}
					return ctx.Err()
				})
				if !errors.Is(err, context.Canceled) {
					t.Errorf("follower %d ended: %v", i, err)
				}
			})
			synctest.Wait()
		}
		mu.Lock()
		m.asked = 0
		mu.Unlock()
		for i := range 100 { // ten seconds
			time.Sleep(100 * time.Millisecond)
			mu.Lock()
			m.set("0", mesosv1.TaskState(i%4+1))
			mu.Unlock()
		}
		synctest.Wait()
		mu.Lock()
		if m.asked < 95 || m.asked > 105 {
			t.Errorf("the cluster was looked at %d times in ten seconds, want about 100", m.asked)
		}
		mu.Unlock()
		for i := range heard {
			// A change and a look may come at once, so a line may tell of two changes.
			if n := heard[i].Load(); i == 0 && n != 1 || i > 0 && (n < 40 || n != heard[1].Load()) {
				t.Errorf("follower %d heard %d lines, another %d", i, n, heard[1].Load())
			}
		}
		cancel()
		wg.Wait()
	})
}

// TestWhoDoesNotReadIsClosed checks that a stuck reader harms itself only.
func TestWhoDoesNotReadIsClosed(t *testing.T) {
	m := newMade(1)
	c := broadcast.New(m.now, pace)
	stuck, good := join(t, c, false), join(t, c, false)
	for i := range 400 {
		m.at = m.at.Add(100 * time.Millisecond)
		m.set("0", mesosv1.TaskState(i%4+1))
		if err := c.Look(t.Context(), m.at); err != nil {
			t.Fatal(err)
		}
		if n, open := good.read(t); n != 1 || !open {
			t.Fatalf("the one who reads heard %d lines, open %v", n, open)
		}
	}
	if n, open := stuck.read(t); open || n != 300 {
		t.Errorf("the stuck one has %d lines and is open: %v", n, open)
	}
}

// TestWhoDoesNotReadOfABusyClusterIsClosed checks that long lines do not wait by the hundred.
func TestWhoDoesNotReadOfABusyClusterIsClosed(t *testing.T) {
	m := newMade(100)
	c := broadcast.New(m.now, broadcast.Pace{Look: 100 * time.Millisecond, Say: 5 * time.Second, Calm: time.Second, Busy: 50})
	stuck := join(t, c, false)
	for i := range 400 {
		m.at = m.at.Add(100 * time.Millisecond)
		for j := range 10 {
			m.set(fmt.Sprint((10*i+j)%100), mesosv1.TaskState(i%3+1))
		}
		if err := c.Look(t.Context(), m.at); err != nil {
			t.Fatal(err)
		}
	}
	if n, open := stuck.read(t); open || n != 30 {
		t.Errorf("the stuck one has %d lines and is open: %v", n, open)
	}
}

// BenchmarkReaders is a tenth of a second of a cluster in which 100 of 10 000 tasks change, for one reader and for many.
func BenchmarkReaders(b *testing.B) {
	for _, readers := range []int{1, 10, 100} {
		b.Run(fmt.Sprint(readers), func(b *testing.B) {
			m := newMade(0)
			f := *m.framework
			f.Tasks = map[string]*cluster.Task{}
			for i := range 10_000 {
				id := fmt.Sprint(i)
				f.Tasks[id] = &cluster.Task{ID: ids.Task{Framework: "f", ID: id}, Agent: "S0", Info: &mesosv1.TaskInfo{Name: new(id)}, Resources: resources.MustParse("cpus:1")}
			}
			m.changed(&f)
			c := broadcast.New(m.now, pace)
			var boxes []*outbox.Box[[]byte]
			for range readers {
				_, box, err := c.Join(b.Context(), false)
				if err != nil {
					b.Fatal(err)
				}
				boxes = append(boxes, box)
			}
			for b.Loop() {
				next := *m.framework
				next.Tasks = maps.Clone(next.Tasks)
				for i := range 100 {
					t := *next.Tasks[fmt.Sprint(i)]
					next.Tasks[t.ID.ID] = &t
				}
				m.changed(&next)
				m.events = m.events[:0]
				m.at = m.at.Add(pace.Look)
				for _, box := range boxes {
					if err := c.Look(b.Context(), m.at); err != nil {
						b.Fatal(err)
					}
					box.Take()
				}
			}
		})
	}
}
