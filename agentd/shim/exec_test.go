//go:build linux && cgo

package main

import (
	"os"
	"runtime"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/slowhost"
)

// TestTheEndIsNotMissed: a process may have ended before anybody waits for it, or in the very moment.
func TestTheEndIsNotMissed(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	go func() { // somebody looks at descriptors all the time
		for {
			select {
			case <-stop:
				return
			default:
				runtime.Gosched()
			}
		}
	}()
	for i := range 150 {
		child, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{})
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			time.Sleep(2 * time.Millisecond)
		}
		ended := make(chan error, 1)
		go func() { ended <- awaitEnd(child.Pid) }()
		missed := time.NewTimer(slowhost.Scale(20 * time.Second))
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
		case <-missed.C:
			t.Fatalf("the end of process %d was missed", i)
		}
		missed.Stop()
		if _, err := child.Wait(); err != nil {
			t.Fatal(err)
		}
	}
}
