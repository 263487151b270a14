package bench

import (
	"context"
	"errors"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"

	"codeberg.org/reeve/reeve/shared/run"
)

// Counter stands before a master and counts what goes through.
type Counter struct {
	Address string // host:port

	group  *run.Group
	server *http.Server

	mu    sync.Mutex // guards count
	count Count
}

// Count is what has gone through so far.
type Count struct {
	Requests map[string]int // by method and path
	Bytes    int64          // of answers, without their heads
	Open     int            // requests that are being answered now
}

// Total is how many requests there were.
func (c Count) Total() int {
	n := 0
	for _, one := range c.Requests {
		n += one
	}
	return n
}

// StartCounter listens on a free port of this machine and passes everything on to a master.
func StartCounter(master string) (*Counter, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: master})
	proxy.FlushInterval = -1 // at once
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	c := &Counter{Address: listener.Addr().String(), group: run.NewGroup(context.Background()), count: Count{Requests: map[string]int{}}}
	c.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.note(r.Method+" "+r.URL.Path, 1)
		defer c.note("", -1)
		proxy.ServeHTTP(&counted{w, c}, r)
	})}
	c.group.Go("count", func(context.Context) error {
		if err := c.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	return c, nil
}

func (c *Counter) note(what string, open int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count.Open += open
	if what != "" {
		c.count.Requests[what]++
	}
}

// Count is what has gone through so far.
func (c *Counter) Count() Count {
	c.mu.Lock()
	defer c.mu.Unlock()
	count := c.count
	count.Requests = maps.Clone(count.Requests)
	return count
}

// Stop ends all connections.
func (c *Counter) Stop() error {
	err := c.server.Close()
	return errors.Join(err, c.group.Wait())
}

// counted counts the bytes of an answer.
type counted struct {
	http.ResponseWriter
	counter *Counter
}

// Unwrap lets the proxy flush.
func (w *counted) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *counted) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.counter.mu.Lock()
	defer w.counter.mu.Unlock()
	w.counter.count.Bytes += int64(n)
	return n, err
}
