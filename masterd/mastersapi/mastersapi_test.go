package mastersapi

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

type notes struct {
	t      *testing.T
	events []reeveapi.Event
	at     time.Time
}

func (n *notes) Note(e reeveapi.Event) { n.events, n.at = append(n.events, e), time.Now() }

// TestStepDown refuses before anybody is told, tells whoever watches before leadership ends, and names the next leader.
func TestStepDown(t *testing.T) {
	for _, one := range []struct {
		body, want string
		lone, lost bool
		kind       fault.Kind
	}{
		{body: ``, want: `{"from":"m1","to":"m2"}`},
		{body: `{"to":"m3"}`, want: `{"from":"m1","to":"m3"}`},
		{body: `{"to":"10.0.0.3:5050"}`, want: `{"from":"m1","to":"m3"}`},
		{body: `{"to":"m9"}`, want: "there is no master m9", kind: fault.NotFound},
		{body: `{"whom":"m2"}`, want: "the body is not what this call takes", kind: fault.Invalid},
		{body: ``, want: "m1: nobody else votes", lone: true, kind: fault.Conflict},
		{body: ``, want: "m2: gave: up", lost: true, kind: fault.Unavailable},
	} {
		synctest.Test(t, func(t *testing.T) {
			n, handed := &notes{t: t}, time.Time{}
			var leader atomic.Pointer[string]
			leader.Store(new("1"))
			c := Config{
				Name: "m1", Leader: func() string { return *leader.Load() },
				Masters: func() []reeveapi.Master {
					return []reeveapi.Master{{ID: "1", Name: "m1"}, {ID: "2", Name: "m2"}, {ID: "3", Name: "m3", HTTP: "10.0.0.3:5050"}}
				},
				Successor: func(to string) (string, error) {
					if one.lone {
						return "", fault.New(fault.Conflict, "nobody else votes")
					}
					return map[bool]string{true: "2", false: to}[to == ""], nil
				},
				HandOver: func(id string) error {
					if one.lost {
						return fault.Wrap(fault.Unavailable, errors.New("up"), "gave")
					}
					handed = time.Now()
					leader.Store(new(""))
					time.AfterFunc(time.Second, func() { leader.Store(&id) })
					return nil
				},
			}
			w := httptest.NewRecorder()
			err := c.StepDown(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(one.body)), n, "alice")
			synctest.Wait()
			got := strings.TrimSpace(w.Body.String())
			if err != nil {
				got = err.Error()
			}
			if !strings.HasPrefix(got, one.want) || err != nil && fault.KindOf(err) != one.kind {
				t.Errorf("%+v: %s (%v), want %s", one, got, fault.KindOf(err), one.want)
			}
			if asked := err == nil || one.lost; (len(n.events) == 1) != asked {
				t.Errorf("%+v: noted %+v", one, n.events)
			} else if asked && (n.events[0].Who != "alice" || n.events[0].Kind != "MASTER_STEPPED_DOWN" || !one.lost && handed.Sub(n.at) < told) {
				t.Errorf("%+v: noted %+v, %s before the end", one, n.events, handed.Sub(n.at))
			}
		})
	}
}
