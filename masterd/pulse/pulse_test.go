package pulse

import (
	"context"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// TestMeter takes a sample every five seconds, of what came since the one before, and keeps half an hour.
func TestMeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m Meter
		began := time.Now()
		var index atomic.Uint64
		index.Store(100)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- m.Run(ctx, func(context.Context) Look {
				return Look{Index: index.Load(), Behind: map[string]uint64{"m3": 2}, Cluster: &reeveapi.ClusterSample{Used: reeveapi.Amounts{CPUs: 3}}}
			})
		}()
		wait := make(chan struct{})
		serve := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/watch" {
				<-wait
			}
			_, _ = io.WriteString(w, "x")
		}))
		ask := func(path string) {
			serve.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
		}
		time.Sleep(every + time.Second)
		streamed := make(chan struct{})
		go func() { ask("/watch"); close(streamed) }()
		for range 9 {
			ask("/x")
		}
		for range 99 {
			m.Written(3 * time.Millisecond)
			m.Pinged(time.Millisecond)
		}
		m.Written(time.Second) // one of a hundred
		index.Store(150)
		time.Sleep(every)
		got := m.Samples(began.Add(every))
		if len(got) != 1 || len(m.Samples(time.Time{})) != 2 {
			t.Fatalf("samples are %+v", got)
		}
		s := got[0]
		if s.Entries != 10 || s.Requests != 2 || s.Behind["m3"] != 2 || s.Cluster == nil || s.Cluster.Used.CPUs != 3 || m.Open() != 1 || m.Streams() != 0 {
			t.Errorf("sample is %+v, %d open, %d streams", s, m.Open(), m.Streams())
		}
		if !near(s.Fsync, 0.003) || !near(s.Gossip, 0.001) || s.Latency > 0.001 || s.Latency == 0 {
			t.Errorf("sample is %+v", s)
		}
		time.Sleep(3 * kept * every)
		if m.Streams() != 1 {
			t.Errorf("%d streams while one request has been open for hours", m.Streams())
		}
		close(wait)
		<-streamed
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		all := m.Samples(time.Time{})
		if len(all) != kept || all[len(all)-1].Fsync != 0 || all[len(all)-1].Latency != 0 || m.Open() != 0 || m.Streams() != 0 {
			t.Errorf("%d samples, the last is %+v, %d open, %d streams", len(all), all[len(all)-1], m.Open(), m.Streams())
		}
	})
}

// near allows for the width of a bucket.
func near(got, want float64) bool { return got >= want && math.Log2(got/want) <= 1.01/steps }

// TestSpread: no duration is told as less than it was, nor as much more.
func TestSpread(t *testing.T) {
	for d := least; d < time.Minute; d = d*7/5 + 1 {
		var s spread
		s.add(d)
		if got := s.take(); !near(got, d.Seconds()*0.999999) {
			t.Errorf("%s became %v", d, got)
		}
		if got := s.take(); got != 0 {
			t.Errorf("%s was not forgotten: %v", d, got)
		}
	}
}
