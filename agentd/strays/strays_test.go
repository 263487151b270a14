package strays_test

import (
	"errors"
	"os/exec"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/strays"
)

var errStart = errors.New("it did not become what it was to be")

// begin starts a process that would run for long, and forgets it.
func begin(t *testing.T) (pid int) {
	t.Helper()
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid
}

// TestAFailedStartLeavesNothing: what it has left is ended and waited for, and nobody else's child is.
func TestAFailedStartLeavesNothing(t *testing.T) {
	var ours, other int
	err := strays.Alone(func() error { other = begin(t); return nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		var status unix.WaitStatus
		if err := unix.Kill(other, unix.SIGKILL); err != nil {
			t.Errorf("the child of a start that succeeded: %v", err)
		}
		if _, err := unix.Wait4(other, &status, 0, nil); err != nil || status.Signal() != unix.SIGKILL {
			t.Errorf("it ended with %v, %v; want it to be there to be killed", status, err)
		}
	})
	var ended int
	err = strays.Alone(func() error {
		ours = begin(t)
		ended = begin(t)
		if err := unix.Kill(ended, unix.SIGKILL); err != nil {
			t.Error(err)
		}
		return errStart
	})
	if !errors.Is(err, errStart) || err.Error() != errStart.Error() {
		t.Errorf("got %v, want %v", err, errStart)
	}
	for _, pid := range []int{ours, ended} {
		if err := unix.Kill(pid, 0); !errors.Is(err, unix.ESRCH) {
			t.Errorf("process %d: %v, want that there is none", pid, err)
		}
	}
}

// TestManyStartsAtOnce: one that fails takes nothing from those that do not.
func TestManyStartsAtOnce(t *testing.T) {
	results := make(chan error, 16)
	for i := range cap(results) {
		go func() {
			var status unix.WaitStatus
			var pid int
			err := strays.Alone(func() error {
				pid = begin(t)
				if i%2 == 0 {
					return errStart
				}
				return nil
			})
			switch {
			case i%2 == 0 && errors.Is(err, errStart):
				err = nil
			case i%2 == 1 && err == nil:
				err = unix.Kill(pid, unix.SIGKILL)
				_, werr := unix.Wait4(pid, &status, 0, nil)
				err = errors.Join(err, werr)
			}
			results <- err
		}()
	}
	for range cap(results) {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

// TestTheMainThreadStartsNothing: it inherits the children of threads that have ended, so a start that failed there would take
// them for its own.
func TestTheMainThreadStartsNothing(t *testing.T) {
	const starts = 64
	var there, ended sync.WaitGroup // until all are there, no thread is idle: one of them would have the main thread
	there.Add(starts)
	for range starts {
		ended.Go(func() {
			err := strays.Alone(func() error {
				if unix.Gettid() == unix.Getpid() {
					t.Error("a start is on the main thread")
				}
				there.Done()
				there.Wait()
				return errStart
			})
			if !errors.Is(err, errStart) {
				t.Errorf("got %v, want %v", err, errStart)
			}
		})
	}
	ended.Wait()
}
