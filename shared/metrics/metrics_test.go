package metrics

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBothFacesShowTheSame(t *testing.T) {
	t.Parallel()
	s := New()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				s.Counter("master/tasks_finished").Add(0.5)
			}
		})
	}
	wg.Wait()
	s.Gauge("master/elected", func() float64 { return 1 })
	s.Source(func(context.Context) map[string]float64 {
		return map[string]float64{"master/tasks_running": 3, "master/elected": 0}
	})
	s.Source(func(context.Context) map[string]float64 { return nil })

	want := map[string]float64{"master/tasks_finished": 4000, "master/elected": 1, "master/tasks_running": 3}
	if diff := cmp.Diff(s.Snapshot(t.Context()), want); diff != "" {
		t.Errorf("snapshot (-got +want):\n%s", diff)
	}
	families, err := s.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		m := f.GetMetric()[0]
		if strings.HasPrefix(f.GetName(), "reeve_") {
			got[f.GetName()] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	wantFlat := map[string]float64{"reeve_master_tasks_finished": 4000, "reeve_master_elected": 1, "reeve_master_tasks_running": 3}
	if diff := cmp.Diff(got, wantFlat); diff != "" {
		t.Errorf("for Prometheus (-got +want):\n%s", diff)
	}
}

// Names of frameworks end up in metric names: two that look alike to Prometheus must not make the whole page fail.
func TestNamesThatFallTogetherDoNotFailThePage(t *testing.T) {
	t.Parallel()
	s := New()
	s.Counter("master/frameworks/a-b/subscribed").Add(1)
	s.Counter("master/frameworks/a.b/subscribed").Add(1)
	s.Gauge("master/frameworks/a_b/subscribed", func() float64 { return 1 })
	page := httptest.NewRecorder()
	s.Handler().ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if page.Code != http.StatusOK || !strings.Contains(page.Body.String(), "reeve_master_frameworks_a_b_subscribed 1") {
		t.Errorf("status %d: %s", page.Code, page.Body)
	}
}
