// Package strays starts processes so that none is left behind when a start fails: it owns the waiting for children whose pids
// nobody knows. It starts nothing itself, and knows nothing of containers. Start reading at Alone.
//
// A start of libcontainer's forks three times, and the second and third process become the caller's children, too
// (CLONE_PARENT): only the first one knows their pids, and tells them once it has come far enough. If it ends before, they are
// strays: children that nobody waits for. So it goes whenever a container ends in the middle of the start of a command in it.
// A stray that is in a container's pid namespace keeps that container from ever ending, whatever is sent to it: the
// kernel lets its first process go only when every other one there has been waited for.
package strays

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Alone runs a start on a thread that ends with it. A child is its thread's, until that ends and the main thread inherits it:
// what a failed start leaves on its thread are its own strays, and nobody else's child is among them.
func Alone(start func() error) error {
	var thread sync.WaitGroup
	var err error
	thread.Go(func() {
		runtime.LockOSThread() // for good: a thread that is still locked ends with its goroutine
		if unix.Gettid() == unix.Getpid() {
			defer runtime.UnlockOSThread()
			err = Alone(start) // on another one: who waits here keeps the main thread, with all that it has inherited
			return
		}
		if err = start(); err != nil {
			err = errors.Join(err, reapStrays())
		}
	})
	thread.Wait()
	return err
}

// reapStrays ends the calling thread's children and waits for them. Nobody else may have to.
func reapStrays() error {
	options := unix.WNOTHREAD | unix.WALL | unix.WNOHANG
	for {
		pid, err := unix.Wait4(-1, nil, options, nil)
		switch {
		case errors.Is(err, unix.EINTR), err == nil && pid > 0:
		case errors.Is(err, unix.ECHILD):
			return nil
		case err != nil:
			return fmt.Errorf("wait for what a failed start has left: %w", err)
		default: // some are alive, most likely about to find out that they are alone
			if err := killChildren(); err != nil {
				return fmt.Errorf("end what a failed start has left: %w", err)
			}
			options &^= unix.WNOHANG
		}
	}
}

// killChildren kills the calling thread's children. None of them can be somebody else by now: they are waited for here alone.
func killChildren() error {
	data, err := os.ReadFile("/proc/thread-self/children")
	if errors.Is(err, unix.ENOENT) {
		return nil // a kernel without it: they end by themselves, as the pipes to their starter do
	}
	if err != nil {
		return err
	}
	for field := range strings.FieldsSeq(string(data)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			return err
		}
		if err := unix.Kill(pid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
			return err
		}
	}
	return nil
}
