package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// TestSince puts what the masters remember and what the console has seen into parts of one length; of a part the largest
// counts, and what nobody knows is no number.
func TestSince(t *testing.T) {
	now := time.Unix(120_000, 0).Add(30 * time.Second) // half into a minute
	at := func(ago time.Duration, used float64) LoadPoint {
		return PointOf(now.Add(-ago), &reeveapi.ClusterSample{Total: reeveapi.Amounts{CPUs: 10}, Used: reeveapi.Amounts{CPUs: used}})
	}
	s := New()
	s.SetPast([]LoadPoint{at(time.Hour, 9), at(8*time.Minute, 1), at(7*time.Minute, 2), at(7*time.Minute-time.Second, 4), at(0, 0)})
	s.Apply(&reeveapi.Watch{Cluster: &reeveapi.Cluster{Total: reeveapi.Amounts{CPUs: 10}, Used: reeveapi.Amounts{CPUs: 5}}}, now.Add(-2*time.Minute))
	show := func(now time.Time) string {
		values, known := s.Snapshot().Since(now, 10*time.Minute, 10, func(p LoadPoint) float64 { return p.CPU })
		var out []string
		for _, v := range values {
			out = append(out, fmt.Sprint(v))
		}
		return strings.Join(out, " ") + " for " + now.Sub(known).String()
	}
	if got, want := show(now), "NaN 0.1 0.4 NaN NaN NaN NaN 0.5 NaN 0 for 8m0s"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := show(now.Add(29*time.Second)), "NaN 0.1 0.4 NaN NaN NaN NaN 0.5 NaN 0 for 8m29s"; got != want {
		t.Errorf("in the same minute: got  %s\nwant %s", got, want)
	}
	if got, want := show(now.Add(31*time.Second)), "0.1 0.4 NaN NaN NaN NaN 0.5 NaN 0 NaN for 8m31s"; got != want {
		t.Errorf("a minute later: got  %s\nwant %s", got, want)
	}
	now = now.Add(29 * time.Second)
	s.SetPast([]LoadPoint{at(0, 3)})
	now = now.Add(2 * time.Second) // the minute has just begun
	if got, want := show(now), "NaN NaN NaN NaN NaN NaN 0.5 NaN 0.3 0.3 for 2m31s"; got != want {
		t.Errorf("the last part: got  %s\nwant %s", got, want)
	}
	if values, _ := s.Snapshot().Since(now, time.Minute, 0, nil); values != nil {
		t.Errorf("without room: %v", values)
	}
}
