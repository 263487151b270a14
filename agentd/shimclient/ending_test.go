package shimclient

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/ids"
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
		row.Go(func() { runBriefly(ctx, c, spec.ID) })
		eventually(t, "the command is frozen in mid start", func() bool {
			now, err := c.cgroups.PIDs(c.cfg.group(spec.ID))
			return err == nil && len(now) > len(before)
		})
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
