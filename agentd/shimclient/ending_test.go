package shimclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/shimdir"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/procstate"
	"codeberg.org/reeve/reeve/shared/slowhost"
)

// endingsEnv names how long TestContainersEndWhileCommandsStart goes on, such as 10m; without it some seconds.
const endingsEnv = "REEVE_TEST_ENDINGS"

// TestContainersEndWhileCommandsStart: commands beside a container's own begin at every moment, as those of checks do, and so
// also in the moments in which it ends. Its end is told all the same, and nothing of those commands is left with the shim.
func TestContainersEndWhileCommandsStart(t *testing.T) {
	b := newBed(t)
	c := b.open()
	duration := 6 * time.Second
	if text := os.Getenv(endingsEnv); text != "" {
		var err error
		if duration, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	const atOnce = 4
	rounds, until := 0, time.Now().Add(duration)
	for ; !t.Failed() && (rounds == 0 || time.Now().Before(until)); rounds++ {
		var wg sync.WaitGroup
		for i := range atOnce {
			id := fmt.Sprintf("r%d-%d", rounds, i)
			wg.Go(func() { endAmidCommands(b, c, id) })
		}
		wg.Wait()
	}
	t.Logf("%d containers ended", rounds*atOnce)
	eventually(t, "the shims have no child that nobody waits for", func() bool { return len(zombies(b.shimPIDs())) == 0 })
}

// endAmidCommands runs a container, and commands in it one after another in several rows, and ends it at a random moment.
func endAmidCommands(b *bed, c *Client, id string) {
	spec := b.spec(id, "exec sleep 1000")
	if _, err := c.Launch(b.Context(), spec); err != nil {
		b.Errorf("%s: %v", id, err)
		return
	}
	ctx, cancel := context.WithTimeout(b.Context(), slowhost.Scale(time.Minute))
	defer cancel()
	ended := make(chan struct{})
	var rows sync.WaitGroup
	for range 3 {
		rows.Go(func() {
			for {
				select {
				case <-ended:
					return
				default:
					runBriefly(ctx, c, spec.ID)
				}
			}
		})
	}
	signal := int(unix.SIGKILL)
	if rand.IntN(2) == 0 {
		signal = runtime.AskToEnd
	}
	time.Sleep(rand.N(100 * time.Millisecond)) // the moment itself is what is tried
	if err := c.Signal(ctx, spec.ID, signal, true); err != nil {
		b.Errorf("%s: signal %d: %v", id, signal, err)
	}
	exit, err := c.Wait(ctx, spec.ID)
	if err != nil {
		b.Errorf("%s does not end after signal %d: %v", id, signal, err)
	} else if exit.Lost {
		b.Errorf("%s: %+v, want to know how it ended", id, exit)
	}
	close(ended)
	rows.Wait()
	if err := c.Delete(b.Context(), spec.ID); err != nil && ctx.Err() == nil {
		b.Errorf("%s: %v", id, err)
	}
}

// runBriefly runs a command. That it fails is right while its container ends.
func runBriefly(ctx context.Context, c *Client, id ids.Container) {
	p, err := c.Exec(ctx, id, runtime.Exec{Argv: []string{"true"}})
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, p.Stdout())
	_, _ = p.Wait(ctx)
	_ = p.Close()
}

// shimPIDs lists the shims of a bed.
func (b *bed) shimPIDs() map[string]bool {
	b.Helper()
	files, err := filepath.Glob(filepath.Join(b.cfg.shims(), "*", "pid"))
	if err != nil {
		b.Fatal(err)
	}
	pids := map[string]bool{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		pids[strings.TrimSpace(string(data))] = true
	}
	return pids
}

// zombies lists the ended children of processes that have not been waited for.
func zombies(parents map[string]bool) (pids []string) {
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is fine
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		_, rest, _ := strings.Cut(string(data), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[0] == "Z" && parents[fields[1]] {
			pids = append(pids, filepath.Base(filepath.Dir(file)))
		}
	}
	return pids
}

// freeze stops whatever is in a container's cgroup, as an operator can.
func (b *bed) freeze(c *Client, id ids.Container) {
	b.Helper()
	file, frozen := filepath.Join(c.cgroups.Dir("freezer", c.cfg.group(id)), "freezer.state"), "FROZEN"
	if c.cgroups.Unified {
		file, frozen = filepath.Join(c.cgroups.Dir("", c.cfg.group(id)), "cgroup.freeze"), "1"
	}
	if err := os.WriteFile(file, []byte(frozen), 0); err != nil {
		b.Fatal(err)
	}
}

// TestAFrozenContainerIsKilled: also while a command is being started in it, which then cannot go on, and whether its processes are
// a namespace of their own or not.
func TestAFrozenContainerIsKilled(t *testing.T) {
	b := newBed(t)
	c := b.open()
	for name, pids := range map[string]runtime.Sharing{"own": runtime.Own, "host": runtime.WithHost} {
		spec := b.spec(name, "sleep 1000 & exec sleep 1000")
		spec.Isolation.PIDs = pids
		if _, err := c.Launch(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		b.freeze(c, spec.ID)
		ctx, cancel := context.WithTimeout(t.Context(), slowhost.Scale(time.Minute))
		defer cancel()
		before, err := c.cgroups.PIDs(c.cfg.group(spec.ID))
		if err != nil {
			t.Fatal(err)
		}
		var row sync.WaitGroup
		if c.cgroups.Unified { // it would hold up the shim
			if _, err := c.Exec(ctx, spec.ID, sh("true")); err == nil || !strings.Contains(err.Error(), "it is frozen") {
				t.Errorf("%s: a command is started: %v", name, err)
			}
		} else {
			row.Go(func() { runBriefly(ctx, c, spec.ID) })
			eventually(t, "the command is frozen in mid start", func() bool {
				now, err := c.cgroups.PIDs(c.cfg.group(spec.ID))
				return err == nil && len(now) > len(before)
			})
		}
		if err := c.Signal(ctx, spec.ID, int(unix.SIGKILL), true); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if exit, err := c.Wait(ctx, spec.ID); err != nil || exit.WaitStatus != int(unix.SIGKILL) {
			t.Errorf("%s: %+v, %v, want it killed", name, exit, err)
		}
		row.Wait()
	}
	eventually(t, "the shims have no child that nobody waits for", func() bool { return len(zombies(b.shimPIDs())) == 0 })
}

// TestCleanEndsWhatIsFrozen: the end of every test cleans, and looks whether that has left anything.
func TestCleanEndsWhatIsFrozen(t *testing.T) {
	b := newBed(t)
	c := b.open()
	spec := b.spec("frozen", "exec sleep 1000")
	if _, err := c.Launch(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	b.freeze(c, spec.ID)
}

// stopProcess returns when every thread of a process has stopped.
func stopProcess(t *testing.T, pid int) {
	t.Helper()
	if err := unix.Kill(pid, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the process stops", func() bool {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		for _, thread := range threads {
			data, rerr := os.ReadFile(thread)
			if _, rest, _ := strings.Cut(string(data), ") "); rerr != nil || !strings.HasPrefix(rest, "T") {
				return false
			}
		}
		return err == nil && len(threads) > 0
	})
}

// TestAShimThatDoesNotAnswer: what it runs is killed past it, and it gets nothing more to run. When it goes on, it is as others.
func TestAShimThatDoesNotAnswer(t *testing.T) {
	b := newBed(t)
	b.cfg.ShimPatience = slowhost.Scale(time.Second)
	c := b.open()
	for _, id := range []string{"victim", "bystander"} {
		if _, err := c.Launch(t.Context(), b.spec(id, "exec sleep 1000")); err != nil {
			t.Fatal(err)
		}
	}
	e, err := c.find(t.Context(), "victim")
	if err != nil {
		t.Fatal(err)
	}
	shim := shimdir.PID(filepath.Join(b.cfg.shims(), e.link.name))
	t.Cleanup(func() { _ = unix.Kill(shim, unix.SIGCONT) }) // it has gone on already, unless the test has failed
	stopProcess(t, shim)
	if err := c.Signal(t.Context(), "victim", runtime.AskToEnd, true); err == nil || !strings.Contains(err.Error(), "its shim does not answer") || !strings.Contains(err.Error(), "(agentd-shim) T") {
		t.Errorf("asked to end: %v, want to know that its shim is stopped", err)
	}
	if err := c.Signal(t.Context(), "victim", int(unix.SIGKILL), true); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), slowhost.Scale(time.Minute))
	defer cancel()
	if exit, err := c.Wait(ctx, "victim"); err != nil || !exit.Lost || !strings.Contains(exit.Message, "its shim does not answer") {
		t.Errorf("%+v, %v, want it lost", exit, err)
	}
	if _, err := c.Launch(ctx, b.spec("newcomer", "exec sleep 1000")); err != nil {
		t.Errorf("a launch meanwhile: %v", err)
	}
	if other, err := c.find(ctx, "newcomer"); err != nil || other.link == e.link {
		t.Errorf("it is in the same shim, %v", err)
	}
	if err := unix.Kill(shim, unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	for _, id := range []ids.Container{"bystander", "newcomer"} {
		if err := c.Signal(ctx, id, int(unix.SIGKILL), true); err != nil {
			t.Error(err)
		}
		if exit, err := c.Wait(ctx, id); err != nil || exit.WaitStatus != int(unix.SIGKILL) || exit.Lost {
			t.Errorf("%s: %+v, %v, want it killed", id, exit, err)
		}
	}
	for _, id := range []ids.Container{"victim", "bystander", "newcomer"} {
		if err := c.Delete(ctx, id); err != nil {
			t.Error(err)
		}
	}
	eventually(t, "the shim ends, empty", func() bool { return !c.isAlive(e.link.name) })
}

// TestWhatKeepsAContainerIsNamed: somebody of the host has entered a container and does not wait for what he has started there. It
// cannot end, and who that is, is said.
func TestWhatKeepsAContainerIsNamed(t *testing.T) {
	b := newBed(t)
	c := b.open()
	started, err := c.Launch(t.Context(), b.spec("kept", "exec sleep 1000"))
	if err != nil {
		t.Fatal(err)
	}
	visitor := exec.Command("nsenter", "--pid", "--target", fmt.Sprint(started.PID), "sleep", "1000")
	if err := visitor.Start(); err != nil {
		t.Fatal(err)
	}
	end := sync.OnceFunc(func() {
		_ = visitor.Process.Signal(unix.SIGCONT)
		_ = visitor.Wait() // what it has started was killed
	})
	defer end()
	eventually(t, "he is in", func() bool {
		pids, err := procstate.Sharing(started.PID)
		return err == nil && len(pids) == 3
	})
	stopProcess(t, visitor.Process.Pid)
	if err := c.Signal(t.Context(), "kept", int(unix.SIGKILL), true); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(" Z of %d (nsenter) T", visitor.Process.Pid)
	var text string
	defer func() { t.Log(text) }()
	eventually(t, "he is named", func() bool {
		text = c.Explain(t.Context(), "kept")
		return strings.Contains(text, want) && strings.Contains(text, "its shim is process ")
	})
	end()
	if exit, err := c.Wait(t.Context(), "kept"); err != nil || exit.WaitStatus != int(unix.SIGKILL) {
		t.Errorf("%+v, %v, want it killed", exit, err)
	}
}

// TestAStoppedShimIsNamed to who starts agentd: nobody knows what it holds. When it goes on, all of it is found.
func TestAStoppedShimIsNamed(t *testing.T) {
	b := newBed(t)
	first := b.open()
	if _, err := first.Launch(t.Context(), b.spec("held", "exec sleep 1000")); err != nil {
		t.Fatal(err)
	}
	e, err := first.find(t.Context(), "held")
	if err != nil {
		t.Fatal(err)
	}
	shim := shimdir.PID(filepath.Join(b.cfg.shims(), e.link.name))
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Kill(shim, unix.SIGCONT) }) // as above
	stopProcess(t, shim)
	b.cfg.ShimPatience = slowhost.Scale(200 * time.Millisecond)
	second, err := New(b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("does not answer: process %d (agentd-shim) T", shim)
	if _, err := second.Recover(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q in it", err, want)
	}
	if err := errors.Join(second.Close(), unix.Kill(shim, unix.SIGCONT)); err != nil {
		t.Fatal(err)
	}
	b.cfg.ShimPatience = 0
	third, err := New(b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := third.Close(); err != nil {
			t.Error(err)
		}
	})
	if found, err := third.Recover(t.Context()); err != nil || len(found) != 1 || found[0].Exit != nil {
		t.Errorf("got %+v, %v, want the one that runs", found, err)
	}
}
