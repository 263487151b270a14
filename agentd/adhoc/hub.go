package adhoc

import "sync"

// Stream says which of a process's streams a Chunk came from.
type Stream int

// The streams. A terminal has only Stdout.
const (
	Stdout Stream = iota + 1
	Stderr
)

// Chunk is something that a process has written.
type Chunk struct {
	Stream Stream
	Data   []byte
}

// backlog is how many chunks an attached reader may be behind.
const backlog = 64

// Output is one reader of what a process writes, from when it attached.
type Output struct {
	C <-chan Chunk // closed at the end of the output, and when the reader was too slow

	hub      *hub
	c        chan Chunk
	gone     chan struct{} // closed by Close
	patience bool          // the process waits for this reader, as for a terminal
	once     sync.Once
}

// Close detaches. It may be called twice.
func (o *Output) Close() {
	o.once.Do(func() { close(o.gone) })
	o.hub.drop(o)
}

// hub hands what a process writes to all who are attached. The one who started a session holds the process up by not
// reading; others are dropped when they are too slow.
type hub struct {
	sending sync.Mutex // held by the goroutine that sends; only it closes channels

	mu      sync.Mutex // guards the fields below
	readers map[*Output]bool
	ended   bool
}

func newHub() *hub { return &hub{readers: make(map[*Output]bool)} }

// attach adds a reader; after the end it gets an empty, closed output.
func (h *hub) attach(patience bool) *Output {
	c := make(chan Chunk, backlog)
	o := &Output{C: c, c: c, hub: h, gone: make(chan struct{}), patience: patience}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		close(c)
		return o
	}
	h.readers[o] = true
	return o
}

func (h *hub) drop(o *Output) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.readers, o)
}

func (h *hub) list() []*Output {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]*Output, 0, len(h.readers))
	for o := range h.readers {
		all = append(all, o)
	}
	return all
}

// send hands a chunk, which nobody changes afterwards, to everybody.
func (h *hub) send(chunk Chunk) {
	h.sending.Lock()
	defer h.sending.Unlock()
	for _, o := range h.list() {
		if o.patience {
			select {
			case o.c <- chunk:
			case <-o.gone:
			}
			continue
		}
		select {
		case o.c <- chunk:
		default:
			h.drop(o)
			close(o.c)
		}
	}
}

// end closes everybody's output.
func (h *hub) end() {
	h.sending.Lock()
	defer h.sending.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = true
	for o := range h.readers {
		close(o.c)
	}
	h.readers = nil
}
