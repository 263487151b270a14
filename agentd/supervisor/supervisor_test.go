package supervisor

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"codeberg.org/reeve/reeve/agentd/fetcher"
	"codeberg.org/reeve/reeve/agentd/provenance"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/runtime/fake"
	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// harness is a set over a runtime whose reports are kept.
type harness struct {
	t   *testing.T
	set *Set
	rt  *fake.Runtime
	dir string

	origins *provenance.Book

	mu sync.Mutex // guards in
	in []workload.Input
}

func newHarness(t *testing.T, rt runtime.Runtime, fetch Fetch) *harness {
	t.Helper()
	h := &harness{t: t, dir: t.TempDir()}
	var err error
	if h.origins, err = provenance.Open(filepath.Join(h.dir, provenance.Dir), nil); err != nil {
		t.Fatal(err)
	}
	h.rt, _ = rt.(*fake.Runtime)
	if fetch == nil {
		fetch = func(context.Context, string, []*mesosv1.CommandInfo_URI, string, *fetcher.Watch) error {
			return nil
		}
	}
	h.set = New(t.Context(), Config{
		Runtime: rt, Fetch: fetch, Parallel: 2, Log: slog.New(slog.DiscardHandler),
		Sandbox: func(path, _ string) error { return os.MkdirAll(path, 0o700) },
		Volume:  func(string, string, bool) error { return nil },
		Origins: h.origins,
		Post: func(_ context.Context, in workload.Input) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.in = append(h.in, in)
			return nil
		},
	})
	return h
}

func (h *harness) start(id ids.Container, argv ...string) {
	dir := filepath.Join(h.dir, "runs", string(id))
	h.set.Do(workload.Start{
		Spec: runtime.Spec{ID: id, Argv: argv, Sandbox: dir},
		URIs: []*mesosv1.CommandInfo_URI{{}},
	})
}

// kinds are the kinds of what was reported since the last call.
func (h *harness) kinds() (kinds string) {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, in := range h.in {
		kinds += workload.Kind(in) + " "
	}
	h.in = nil
	return kinds
}

func (h *harness) want(kinds string) {
	h.t.Helper()
	if got := h.kinds(); got != kinds {
		h.t.Fatalf("got %q, want %q", got, kinds)
	}
}

func (h *harness) detach() {
	h.t.Helper()
	if err := h.set.Detach(); err != nil {
		h.t.Error(err)
	}
}

func TestLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, fake.New(nil), nil)
		h.start("c1", "sleep", "10")
		h.want("Prepared Launched ")
		if to, err := os.Readlink(filepath.Join(h.dir, "runs", "latest")); err != nil || to != "c1" {
			t.Errorf("runs/latest leads to %q, %v, want c1", to, err)
		}
		time.Sleep(11 * time.Second)
		h.want("Exited ")
		h.set.Do(workload.Delete{Container: "c1"})
		h.want("Deleted ")

		h.start("c2", "forever")
		h.want("Prepared Launched ")
		h.set.Do(workload.Signal{Container: "c2", Signal: 15})
		h.want("Exited ")
		h.detach()
	})
}

func TestFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("404")
		fetch := func(ctx context.Context, dir string, _ []*mesosv1.CommandInfo_URI, _ string, _ *fetcher.Watch) error {
			switch filepath.Base(dir) {
			case "bad":
				return broken
			case "slow":
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}
		h := newHarness(t, fake.New(nil), fetch)
		h.start("bad", "true")
		h.want("LaunchFailed ")
		h.start("missing", "/no/such")
		h.want("Prepared LaunchFailed ")
		h.start("slow", "true")
		h.want("")
		h.set.Do(workload.Cancel{Container: "slow"})
		h.want("LaunchFailed ")
		for _, id := range []ids.Container{"bad", "missing", "slow"} {
			h.set.Do(workload.Delete{Container: id})
			h.want("Deleted ")
		}
		if n := len(h.rt.Launched()); n != 1 {
			t.Errorf("the runtime was called %d times, want once", n)
		}
		h.detach()
	})
}

// Detaching lets a launch that the runtime has begun come to its end, kills nothing, and the next set takes over.
func TestDetachAndAdopt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := fake.New(func(spec runtime.Spec) fake.Behaviour {
			return fake.Behaviour{Forever: true, LaunchAfter: 3 * time.Second}
		})
		h := newHarness(t, rt, nil)
		h.start("c1", "x")
		time.Sleep(time.Second)
		h.want("Prepared ")
		h.detach()
		found, err := rt.Recover(t.Context())
		if err != nil || len(found) != 1 || found[0].Exit != nil {
			t.Fatalf("got %+v, %v, want one running container", found, err)
		}
		h = newHarness(t, rt, nil)
		h.set.Do(workload.Adopt{Container: "c1"})
		h.want("")
		h.set.Do(workload.Signal{Container: "c1", Signal: 9})
		h.want("Exited ")
		h.set.Do(workload.Delete{Container: "c1"})
		h.want("Deleted ")
		h.detach()
	})
}

// No more than Parallel launches are in hand at once.
func TestParallelLaunches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := fake.New(func(runtime.Spec) fake.Behaviour { return fake.Behaviour{Forever: true, LaunchAfter: time.Second} })
		h := newHarness(t, rt, nil)
		for _, id := range []ids.Container{"a", "b", "c", "d", "e", "f"} {
			h.start(id, "x")
		}
		for second := 1; second <= 3; second++ {
			time.Sleep(time.Second)
			synctest.Wait()
			launched := 0
			h.mu.Lock()
			for _, in := range h.in {
				if _, ok := in.(workload.Launched); ok {
					launched++
				}
			}
			h.mu.Unlock()
			if launched != 2*second {
				t.Fatalf("after %d s: got %d launched, want %d", second, launched, 2*second)
			}
		}
		h.detach()
	})
}

// What an executor's GPUs have become is told, also that they have not.
func TestEquip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, &poor{Runtime: fake.New(nil)}, nil)
		h.start("c1", "forever")
		h.want("Prepared Launched ")
		h.set.Do(workload.Equip{Container: "c1", GPUs: 2})
		h.set.Do(workload.Equip{Container: "c1", GPUs: 3})
		synctest.Wait()
		h.mu.Lock()
		want := []workload.Input{workload.Equipped{Container: "c1", GPUs: 2}, workload.Equipped{Container: "c1", GPUs: 3, Failed: "there are two"}}
		if !slices.Equal(h.in, want) {
			t.Errorf("got %+v, want %+v", h.in, want)
		}
		h.mu.Unlock()
		h.detach()
	})
}

// poor has two GPUs.
type poor struct{ *fake.Runtime }

func (p *poor) Equip(ctx context.Context, id ids.Container, gpus int) error {
	if gpus > 2 {
		return errors.New("there are two")
	}
	return p.Runtime.Equip(ctx, id, gpus)
}

// stubborn fails what must succeed in the end, a few times.
type stubborn struct {
	*fake.Runtime
	signals, deletes, equips int
	unable                   bool // to equip, for good
	asked                    int  // to equip
	hangs                    bool // when limits are to be changed
}

func (s *stubborn) Resize(ctx context.Context, id ids.Container, limits runtime.Limits) error {
	if s.hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	return s.Runtime.Resize(ctx, id, limits)
}

func (s *stubborn) Equip(ctx context.Context, id ids.Container, gpus int) error {
	s.asked++
	switch {
	case s.unable:
		return fault.New(fault.Unsupported, "an older shim")
	case s.equips > 0:
		s.equips--
		return errors.New("no space left on device")
	}
	return s.Runtime.Equip(ctx, id, gpus)
}

// GPUs that could not be taken back are tried again, until it works or something else is asked for; each number is told of once if it
// fails. What the shim can never do is not tried again.
func TestGPUsAreTakenBackInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := &stubborn{Runtime: fake.New(nil), equips: 5}
		h := newHarness(t, rt, nil)
		told := func(after time.Duration, want ...workload.Input) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			h.mu.Lock()
			defer h.mu.Unlock()
			if !slices.Equal(h.in, want) {
				t.Errorf("got %+v, want %+v", h.in, want)
			}
			h.in = nil
		}
		full := func(gpus int) workload.Input {
			return workload.Equipped{Container: "c1", GPUs: gpus, Failed: "no space left on device"}
		}
		h.start("c1", "forever")
		h.want("Prepared Launched ")
		h.set.Do(workload.Equip{Container: "c1", GPUs: 2})
		told(0, full(2))
		h.set.Do(workload.Equip{Container: "c1", GPUs: 1})
		told(0, full(1))
		told(time.Minute, workload.Equipped{Container: "c1", GPUs: 1})
		if rt.asked != 6 {
			t.Errorf("asked %d times, want 6: twice it fails and that is told, three times it fails, once it works", rt.asked)
		}
		rt.unable, rt.asked = true, 0
		h.set.Do(workload.Equip{Container: "c1", GPUs: 0})
		told(time.Hour, workload.Equipped{Container: "c1", GPUs: 0, Failed: "an older shim"})
		if rt.asked != 1 {
			t.Errorf("asked %d times for what cannot be done, want once", rt.asked)
		}
		h.detach()
	})
}

func (s *stubborn) Signal(ctx context.Context, id ids.Container, signal int, all bool) error {
	if s.signals > 0 {
		s.signals--
		return errors.New("shim does not answer")
	}
	return s.Runtime.Signal(ctx, id, signal, all)
}

func (s *stubborn) Delete(ctx context.Context, id ids.Container) error {
	if s.deletes > 0 {
		s.deletes--
		return errors.New("device or resource busy")
	}
	return s.Runtime.Delete(ctx, id)
}

func TestKillAndDeleteAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, &stubborn{Runtime: fake.New(nil), signals: 3, deletes: 3}, nil)
		h.start("c1", "forever")
		h.want("Prepared Launched ")
		h.set.Do(workload.Signal{Container: "c1", Signal: 9})
		time.Sleep(time.Minute)
		h.want("Exited ")
		h.set.Do(workload.Delete{Container: "c1"})
		time.Sleep(2 * time.Minute)
		h.want("Deleted ")

		// A container that nobody knows is ended and freed without a word.
		if _, err := h.set.cfg.Runtime.Launch(t.Context(), runtime.Spec{ID: "c2", Argv: []string{"forever"}}); err != nil {
			t.Fatal(err)
		}
		h.set.Do(workload.Reap{Container: "c2"})
		time.Sleep(time.Minute)
		h.want("")
		if found, err := h.set.cfg.Runtime.Recover(t.Context()); err != nil || len(found) != 0 {
			t.Errorf("got %v, %v, want nothing left", found, err)
		}
		h.detach()
	})
}

// A container whose shim hangs while it is to change can be killed all the same.
func TestAKillDoesNotWaitForAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := &stubborn{Runtime: fake.New(nil), hangs: true}
		h := newHarness(t, rt, nil)
		h.start("c1", "forever")
		h.want("Prepared Launched ")
		h.set.Do(workload.Resize{Container: "c1"})
		h.set.Do(workload.Equip{Container: "c1", GPUs: 1})
		synctest.Wait()
		h.set.Do(workload.Signal{Container: "c1", Signal: 9})
		h.want("Exited ")
		if rt.asked != 0 {
			t.Error("it was equipped before it was resized, or after its end")
		}
		h.set.Do(workload.Delete{Container: "c1"})
		h.want("Deleted ")
		h.detach()
	})
}

// lines are a log that is read while it is written.
type lines struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// explainer is a runtime that has something to say.
type explainer struct{ *fake.Runtime }

func (explainer) Explain(_ context.Context, id ids.Container) string {
	return string(id) + " waits for Godot"
}

// TestAKilledContainerThatStays: a SIGKILL that was delivered and did nothing is sent again, and what keeps the container is said.
func TestAKilledContainerThatStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := fake.New(func(runtime.Spec) fake.Behaviour { return fake.Behaviour{Forever: true, OutlivesKills: 2} })
		h := newHarness(t, explainer{rt}, nil)
		var log lines
		h.set.cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
		h.start("c1", "forever")
		h.want("Prepared Launched ")
		h.set.Do(workload.Signal{Container: "c1", Signal: 9})
		time.Sleep(overdue - time.Second)
		h.want("")
		if strings.Contains(log.String(), "WARN") {
			t.Errorf("it is told too early:\n%s", &log)
		}
		time.Sleep(2 * time.Second) // once more, and nothing comes of it
		h.want("")
		time.Sleep(2 * overdue)
		h.want("Exited ")
		if got := rt.Signals("c1"); !slices.Equal(got, []int{9, 9, 9}) {
			t.Errorf("signals %v, want three", got)
		}
		if n := strings.Count(log.String(), "does not end; killing it again"); n != 2 || !strings.Contains(log.String(), "c1 waits for Godot") {
			t.Errorf("it is told %d times, want 2, and why:\n%s", n, &log)
		}
		h.set.Do(workload.Delete{Container: "c1"})
		h.want("Deleted ")
		h.detach()
	})
}
