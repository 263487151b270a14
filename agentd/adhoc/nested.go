package adhoc

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/ids"
)

// nested is a process in its parent, from its start until it is removed.
type nested struct {
	id      ids.Container
	session bool
	tty     bool
	hub     *hub
	process runtime.Process     // nil if it could not be started; set before starting is closed
	first   *Output             // of whoever started it
	files   map[Stream]*os.File // of the sandbox; nil for a session
	sandbox string

	chunks atomic.Int64 // read so far
	busy   atomic.Int64 // that are being handed on
	input  atomic.Bool  // somebody is attached to it

	starting chan struct{} // closed when the start has been decided
	ended    chan struct{}
	exit     runtime.Exit // set before ended is closed
}

func (n *nested) hasEnded() bool {
	select {
	case <-n.ended:
		return true
	default:
		return false
	}
}

// kill ends the process, so that its status tells of it, and then whatever still holds it.
func (n *nested) kill() error {
	const sigKill = 9
	err := n.process.Signal(sigKill)
	timer := time.NewTimer(killPatience)
	defer timer.Stop()
	select {
	case <-n.ended:
	case <-timer.C:
	}
	return errors.Join(err, n.process.Close())
}

// killPatience is how long the word on the end of a killed process is waited for.
const killPatience = 5 * time.Second

// Input is the one who writes what a process reads.
type Input struct {
	nested *nested
	once   sync.Once
}

// Write blocks while the process does not read. Data of no length end the input, as they do in ProcessIO.
func (in *Input) Write(data []byte) error {
	stdin := in.nested.process.Stdin()
	if stdin == nil {
		return nil // it asked for none
	}
	if len(data) == 0 {
		return stdin.Close()
	}
	_, err := stdin.Write(data)
	if err != nil && (in.nested.hasEnded() || errors.Is(err, os.ErrClosed) || errors.Is(err, unix.EPIPE) || errors.Is(err, io.ErrClosedPipe)) {
		return nil // it does not read any more, which is its affair
	}
	return err
}

// Resize changes the size of the terminal; without one it is an error of kind Invalid.
func (in *Input) Resize(w runtime.Window) error { return in.nested.process.Resize(w) }

// Ended is closed when the process has ended.
func (in *Input) Ended() <-chan struct{} { return in.nested.ended }

// Close detaches: another may attach then. It may be called twice.
func (in *Input) Close() { in.once.Do(func() { in.nested.input.Store(false) }) }

// chunkSize is how much is read at once.
const chunkSize = 32 << 10

// linger is how long the streams of an ended process may be held open by what it left behind without anything coming.
const linger = time.Second

// run reads what the process writes, and returns when it has ended and all of that has been handed on.
func (n *nested) run() error {
	var readers, watcher sync.WaitGroup
	readers.Go(func() { n.copy(Stdout, n.process.Stdout()) })
	if stderr := n.process.Stderr(); stderr != nil {
		readers.Go(func() { n.copy(Stderr, stderr) })
	}
	exit, err := n.process.Wait(context.Background()) // that of agentd ends with its connection to the shim
	drained := make(chan struct{})
	watcher.Go(func() { n.hangUp(drained) })
	readers.Wait()
	close(drained)
	watcher.Wait()
	err = errors.Join(err, n.process.Close(), n.closeFiles())
	n.exit = exit
	n.hub.end()
	close(n.ended)
	return err
}

// hangUp closes the streams of an ended process when nothing more comes.
func (n *nested) hangUp(drained chan struct{}) {
	ticker := time.NewTicker(linger)
	defer ticker.Stop()
	for before := int64(-1); ; before = n.chunks.Load() {
		select {
		case <-drained:
			return
		case <-ticker.C:
			if n.busy.Load() == 0 && n.chunks.Load() == before {
				_ = n.process.Close() // closed again at the end, where its error counts
				return
			}
		}
	}
}

// copy hands on what comes from one stream.
func (n *nested) copy(stream Stream, from io.Reader) {
	buf := make([]byte, chunkSize)
	for {
		size, err := from.Read(buf)
		if size > 0 {
			n.busy.Add(1)
			n.chunks.Add(1)
			data := append([]byte(nil), buf[:size]...)
			if f := n.files[stream]; f != nil {
				_, _ = f.Write(data) // a full disk must not stop the process
			}
			n.hub.send(Chunk{stream, data})
			n.busy.Add(-1)
		}
		if err != nil {
			return
		}
	}
}
