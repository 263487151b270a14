package client

import (
	"context"
	"net"
	"sync"
	"syscall"
	"time"
)

const (
	restLongest  = 2 * time.Second
	restShortest = 20 * time.Millisecond // less is no rest
	restBuffer   = 128 << 10             // what a connection that rests reads at once: a second of a busy cluster
)

// Rest is called by a stream that has taken all that came, before it reads on. What comes while Rest does not return waits in
// the kernel, so that a reader in no hurry wakes up once for much, and not often for little. It must return after most, and
// when over is closed: the stream has ended.
type Rest func(most time.Duration, over <-chan struct{})

type restKey struct{}

// WithRest is for Watch: its stream rests between reads. It is a value of the context because the connection rests, which
// is made far below; one that tells nothing of its memory, such as a pipe to ssh, never does.
func WithRest(ctx context.Context, rest Rest) context.Context {
	return context.WithValue(ctx, restKey{}, rest)
}

// RestOf is what WithRest has put there, nil if it has not.
func RestOf(ctx context.Context) Rest {
	rest, _ := ctx.Value(restKey{}).(Rest)
	return rest
}

// resting is the connection of a stream, one that rests if the context says so.
func resting(ctx context.Context, conn net.Conn) net.Conn {
	rest := RestOf(ctx)
	told, tells := conn.(syscall.Conn)
	if rest == nil || !tells {
		return conn
	}
	raw, err := told.SyscallConn()
	if err != nil { // whoever reads will hear of it
		return conn
	}
	return &restConn{Conn: conn, rest: rest, over: make(chan struct{}), room: func() int { return receiveBuffer(raw) }, most: restLongest}
}

// restConn is a connection that rests. It is read by one goroutine at a time.
type restConn struct {
	net.Conn
	rest Rest
	over chan struct{}
	once sync.Once
	room func() int // how much the kernel would keep for it, 0 if that is not known

	taken bool // all that had come was read
	came  int  // since the last rest, bytes
	most  time.Duration
}

func (c *restConn) Read(p []byte) (int, error) {
	if c.taken {
		c.pause()
	}
	n, err := c.Conn.Read(p)
	c.came += n
	c.taken = n < len(p)
	return n, err
}

// pause rests for as long as what comes meanwhile has room. Of the kernel's memory only a part holds data, so that a stream
// for which it is too small shows by more than an eighth of it at once, however long or short it rested.
func (c *restConn) pause() {
	room := c.room()
	switch {
	case c.came > room/8:
		c.most /= 2
	case c.came < room/16:
		c.most = min(max(2*c.most, restShortest), restLongest)
	}
	c.came = 0
	if c.most >= restShortest {
		c.rest(c.most, c.over)
	}
}

func (c *restConn) Close() error {
	c.once.Do(func() { close(c.over) })
	return c.Conn.Close()
}

// receiveBuffer is how much the kernel keeps of what has come and is not read. It grows by itself while much is read.
func receiveBuffer(raw syscall.RawConn) (size int) {
	_ = raw.Control(func(fd uintptr) { // what is closed has none
		if n, err := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF); err == nil {
			size = n
		}
	})
	return size
}
