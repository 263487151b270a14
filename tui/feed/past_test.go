package feed

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/store"
)

// remembering is a source with masters that remember.
type remembering struct {
	source
	figures func(master string) (*reeveapi.MasterFigures, error)
}

func (r *remembering) MasterFigures(_ context.Context, master string, _ time.Time) (*reeveapi.MasterFigures, error) {
	return r.figures(master)
}

// TestRecall asks the masters once for each stream, puts what they say into one clock, and keeps what one told that has
// been started anew since.
func TestRecall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var asked atomic.Int32
		masters := []reeveapi.Master{
			{ID: "1", HTTP: "one:1", State: reeveapi.MasterLeading},
			{ID: "2", HTTP: "two:1", State: reeveapi.MasterStandby},
			{ID: "3", HTTP: "three:1", State: reeveapi.MasterFailed},
			{ID: "4", HTTP: "four:1", State: reeveapi.MasterSilent},
		}
		tell := func(started time.Time, late time.Duration, samples ...reeveapi.MasterSample) *reeveapi.MasterFigures {
			for i := range samples {
				samples[i].At = samples[i].At.Add(late)
			}
			return &reeveapi.MasterFigures{At: time.Now().Add(late), Started: started, Samples: samples}
		}
		at := func(ago time.Duration, used float64) reeveapi.MasterSample {
			s := reeveapi.MasterSample{At: began.Add(-ago)}
			if used > 0 {
				s.Cluster = &reeveapi.ClusterSample{Total: reeveapi.Amounts{CPUs: 10}, Used: reeveapi.Amounts{CPUs: used}}
			}
			return s
		}
		s := &remembering{}
		s.watch = func(ctx context.Context, try int, line func(*reeveapi.Watch) error) error {
			_ = line(&reeveapi.Watch{Snapshot: true, Cluster: &reeveapi.Cluster{Masters: masters}})
			_ = line(&reeveapi.Watch{})
			if try == 1 {
				time.Sleep(time.Minute)
				return errors.New("it broke off")
			}
			<-ctx.Done()
			return ctx.Err()
		}
		s.figures = func(master string) (*reeveapi.MasterFigures, error) {
			n := asked.Add(1)
			switch {
			case master == "one:1" && n <= 3:
				return tell(began.Add(-time.Hour), time.Hour, at(2*time.Minute, 2), at(time.Minute, 1), at(0, 0)), nil // its clock is an hour fast
			case master == "one:1":
				return tell(began, time.Hour, at(-time.Minute, 5)), nil
			case master == "two:1":
				return tell(began, 0, at(29*time.Minute+30*time.Second, 9), at(3*time.Minute, 3)), nil
			}
			return nil, errors.New("refused")
		}
		ctx, cancel := context.WithCancel(t.Context())
		st := store.New()
		f := New(s, st)
		done := make(chan error)
		go func() { done <- f.Run(ctx, func() {}) }()
		told := func() string {
			synctest.Wait()
			var out []string
			for _, p := range st.Snapshot().Past {
				out = append(out, fmt.Sprintf("%.1f %s", p.CPU, began.Sub(p.At)))
			}
			return strings.Join(out, ", ")
		}
		if got, want := told(), "0.9 29m30s, 0.3 3m0s, 0.2 2m0s, 0.1 1m0s"; got != want || asked.Load() != 3 {
			t.Errorf("after %d questions: %s, want %s", asked.Load(), got, want)
		}
		time.Sleep(time.Minute + 2*time.Second)
		if got, want := told(), "0.3 3m0s, 0.2 2m0s, 0.1 1m0s, 0.5 -1m0s"; got != want || asked.Load() != 6 {
			t.Errorf("after %d questions: %s, want %s", asked.Load(), got, want)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
