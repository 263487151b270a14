package transport_test

import (
	"math/rand/v2"
	"net"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"codeberg.org/reeve/reeve/shared/transport"
)

// TestWhatWasFreeCanBeHad starts programs meanwhile: between its fork and its exec a child has the sockets of its parent.
func TestWhatWasFreeCanBeHad(t *testing.T) {
	const least, most = 16000, 30000 // the system gives none of these to anybody
	port := least + rand.IntN(most-least)
	for (transport.Config{}).CheckFree("gossip-port", "127.0.0.1", port) != nil {
		port = least + rand.IntN(most-least)
	}
	run(t) // the first start of all tries what the system can do, in a way of its own
	over := make(chan struct{})
	var starting sync.WaitGroup
	for range 2 {
		starting.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
					run(t)
				}
			}
		})
	}
	defer starting.Wait()
	defer close(over)
	for range 1000 {
		if err := (transport.Config{}).CheckFree("gossip-port", "127.0.0.1", port); err != nil {
			t.Fatal(err)
		}
		if err := have(port); err != nil {
			t.Fatal(err)
		}
	}
}

func run(t *testing.T) {
	t.Helper()
	if err := exec.Command("/bin/true").Run(); err != nil {
		t.Error(err)
	}
}

// have opens a port, and leaves no child with it.
func have(port int) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	l, err := net.ListenPacket("udp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return l.Close()
}
