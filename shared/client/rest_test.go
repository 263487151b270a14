package client

import (
	"fmt"
	"net"
	"testing"
	"time"
)

// sender is the other side of a connection, and its time: it sends at a rate, and what the kernel has no room for waits.
type sender struct {
	net.Conn
	rate, window int // bytes a second; bytes that the kernel holds
	now          time.Duration
	read         int
	rests        int
}

// due is how much was sent and is not read, as far as there was room for it.
func (s *sender) due() int { return min(int(s.now.Seconds()*float64(s.rate))-s.read, s.window) }

func (s *sender) Read(p []byte) (int, error) {
	s.now += time.Millisecond
	for s.due() == 0 {
		s.now += time.Millisecond
	}
	n := min(s.due(), len(p))
	s.read += n
	return n, nil
}

// TestRestingKeepsUp checks that a stream that rests is never behind for long, whatever comes and however little room the
// kernel has, and that it rests where there is room.
func TestRestingKeepsUp(t *testing.T) {
	for _, buffer := range []int{16 << 10, 128 << 10, 4 << 20} {
		for _, part := range []int{2, 4, 7} { // of the buffer holds data
			for _, rate := range []int{100, 20_000, 100_000, 1_000_000, 20_000_000} {
				t.Run(fmt.Sprintf("%d of %d bytes, %d a second", buffer/part, buffer, rate), func(t *testing.T) {
					s := &sender{rate: rate, window: buffer / part}
					c := &restConn{Conn: s, room: func() int { return buffer }, most: restLongest}
					c.rest = func(most time.Duration, _ <-chan struct{}) { s.now, s.rests = s.now+most, s.rests+1 }
					p := make([]byte, restBuffer)
					for s.now < time.Minute {
						if _, err := c.Read(p); err != nil {
							t.Fatal(err)
						}
					}
					// What is sent in the longest rest may be on its way.
					if behind := int(s.now.Seconds()*float64(rate)) - s.read; behind > 2*rate+s.window && 1000*s.window >= rate {
						t.Errorf("%d bytes behind after %s, more than two seconds of %d", behind, s.now, rate)
					}
					if perSecond := float64(s.rests) / s.now.Seconds(); 2*rate <= buffer/16 && perSecond > 0.6 {
						t.Errorf("%.1f rests a second, though there was room for a rest of two", perSecond)
					}
				})
			}
		}
	}
}

// TestOnlyWhatTellsItsRoomRests checks that a connection that is not the kernel's is left as it is.
func TestOnlyWhatTellsItsRoomRests(t *testing.T) {
	ctx := WithRest(t.Context(), func(time.Duration, <-chan struct{}) { t.Error("it rests") })
	a, b := net.Pipe()
	defer func() { _, _ = a.Close(), b.Close() }() // nothing is on its way
	if resting(ctx, a) != a {
		t.Error("a pipe was wrapped")
	}
}
