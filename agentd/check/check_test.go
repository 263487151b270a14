package check

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/mesosv1"
)

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// play runs the checks of a task for some time; each probe is answered a second later by the next result, and then no
// more. It returns a line for everything that the framework is told.
func play(c *Checks, from time.Time, results []Result) []string {
	var told []string
	now := from
	for len(results) > 0 {
		next := c.Deadline()
		if next.IsZero() {
			return append(told, "no deadline")
		}
		if next.After(now) {
			now = next
		}
		probes := c.Due(now)
		if len(probes) == 0 || len(c.Due(now)) != 0 {
			return append(told, "wants to be asked, and has no probe, or the same twice")
		}
		now = now.Add(time.Second)
		for _, p := range probes {
			v := c.Done(now, p.Of, results[0])
			results = results[1:]
			if v.News {
				line := fmt.Sprintf("+%v", now.Sub(start))
				if v.Healthy != nil {
					line += fmt.Sprintf(" healthy=%v", *v.Healthy)
				}
				if v.Found != nil {
					line += " " + strings.ReplaceAll(v.Found.String(), "  ", " ")
				}
				if v.Kill {
					line += " kill"
				}
				told = append(told, line)
			}
			if v.Kill {
				return told
			}
		}
	}
	return told
}

func exit(code int32) Result { return Result{Answered: true, ExitCode: code} }

func command() *mesosv1.CommandInfo { return &mesosv1.CommandInfo{Value: new("true")} }

func TestHealth(t *testing.T) {
	silent := Result{Why: "timed out"}
	for name, test := range map[string]struct {
		spec    *mesosv1.HealthCheck
		results []Result
		want    []string
	}{
		"the defaults": {
			&mesosv1.HealthCheck{},
			[]Result{exit(1), exit(1), exit(1)},
			// delay 15 s, interval 10 s after each answer, grace 10 s, three failures
			[]string{"+16s healthy=false", "+27s healthy=false", "+38s healthy=false kill"},
		},
		"first success, then failure and recovery": {
			&mesosv1.HealthCheck{},
			[]Result{exit(0), exit(0), exit(1), silent, exit(0), exit(0)},
			[]string{"+16s healthy=true", "+38s healthy=false", "+49s healthy=false", "+1m0s healthy=true"},
		},
		"failures in the grace period are ignored": {
			&mesosv1.HealthCheck{DelaySeconds: new(0.0), IntervalSeconds: new(1.0), GracePeriodSeconds: new(4.0), ConsecutiveFailures: new(uint32(1))},
			[]Result{exit(1), exit(1), exit(1)},
			[]string{"+5s healthy=false kill"},
		},
		"success ends the grace period": {
			&mesosv1.HealthCheck{DelaySeconds: new(0.0), IntervalSeconds: new(1.0), GracePeriodSeconds: new(100.0), ConsecutiveFailures: new(uint32(2))},
			[]Result{exit(1), exit(0), exit(1), exit(1)},
			[]string{"+3s healthy=true", "+5s healthy=false", "+7s healthy=false kill"},
		},
		"http": {
			&mesosv1.HealthCheck{Type: mesosv1.HealthCheck_HTTP.Enum(), Http: &mesosv1.HealthCheck_HTTPCheckInfo{Port: new(uint32(80)), Statuses: []uint32{404}}},
			[]Result{{Answered: true, Code: 200}, {Answered: true, Code: 404}, {Answered: true, Code: 399}, {Answered: true, Code: 199}},
			[]string{"+16s healthy=true", "+27s healthy=false", "+38s healthy=true", "+49s healthy=false"},
		},
		"tcp": {
			&mesosv1.HealthCheck{Type: mesosv1.HealthCheck_TCP.Enum(), Tcp: &mesosv1.HealthCheck_TCPCheckInfo{Port: new(uint32(80))}},
			[]Result{{Answered: true, Connected: true}, {Answered: true}},
			[]string{"+16s healthy=true", "+27s healthy=false"},
		},
	} {
		if test.spec.Type == nil {
			test.spec.Type, test.spec.Command = mesosv1.HealthCheck_COMMAND.Enum(), command()
		}
		c := New(&mesosv1.TaskInfo{HealthCheck: test.spec}, start, start, nil)
		if got := play(c, start, test.results); !slices.Equal(got, test.want) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, test.want)
		}
	}
}

func TestStatus(t *testing.T) {
	spec := &mesosv1.CheckInfo{Type: mesosv1.CheckInfo_COMMAND.Enum(), Command: &mesosv1.CheckInfo_Command{Command: command()}}
	c := New(&mesosv1.TaskInfo{Check: spec}, start, start, nil)
	got := play(c, start, []Result{{Why: "timed out"}, exit(0), exit(0), exit(7), {Why: "timed out"}})
	want := []string{"+27s type:COMMAND command:{exit_code:0}", "+49s type:COMMAND command:{exit_code:7}", "+1m0s type:COMMAND command:{}"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	http := &mesosv1.CheckInfo{Type: mesosv1.CheckInfo_HTTP.Enum(), Http: &mesosv1.CheckInfo_Http{Port: new(uint32(80))}}
	tcp := &mesosv1.CheckInfo{Type: mesosv1.CheckInfo_TCP.Enum(), Tcp: &mesosv1.CheckInfo_Tcp{Port: new(uint32(80))}}
	if got := play(New(&mesosv1.TaskInfo{Check: http}, start, start, nil), start, []Result{{Answered: true, Code: 503}}); !slices.Equal(got, []string{"+16s type:HTTP http:{status_code:503}"}) {
		t.Errorf("http: %q", got)
	}
	if got := play(New(&mesosv1.TaskInfo{Check: tcp}, start, start, nil), start, []Result{{Answered: true}}); !slices.Equal(got, []string{"+16s type:TCP tcp:{succeeded:false}"}) {
		t.Errorf("tcp: %q", got)
	}
}

// An agent that is restarted goes on where it was: what has been told is not told again, and the grace period is not
// given twice.
func TestRestart(t *testing.T) {
	health := &mesosv1.HealthCheck{Type: mesosv1.HealthCheck_COMMAND.Enum(), Command: command(), ConsecutiveFailures: new(uint32(2))}
	later := start.Add(time.Minute)
	for name, test := range map[string]struct {
		last    *mesosv1.TaskStatus
		results []Result
		want    []string
	}{
		"was healthy":      {&mesosv1.TaskStatus{Healthy: new(true)}, []Result{exit(0), exit(1), exit(1)}, []string{"+1m12s healthy=false", "+1m23s healthy=false kill"}},
		"was sick":         {&mesosv1.TaskStatus{Healthy: new(false)}, []Result{exit(1)}, []string{"+1m1s healthy=false kill"}},
		"was told nothing": {&mesosv1.TaskStatus{}, []Result{exit(0), exit(0)}, []string{"+1m1s healthy=true"}},
	} {
		c := New(&mesosv1.TaskInfo{HealthCheck: health}, start, later, test.last)
		if got := play(c, later, test.results); !slices.Equal(got, test.want) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, test.want)
		}
	}
	spec := &mesosv1.CheckInfo{Type: mesosv1.CheckInfo_COMMAND.Enum(), Command: &mesosv1.CheckInfo_Command{Command: command()}}
	found := Blank(spec)
	found.Command.ExitCode = new(int32(3))
	c := New(&mesosv1.TaskInfo{Check: spec}, start, later, &mesosv1.TaskStatus{CheckStatus: found})
	if got := play(c, later, []Result{exit(3), exit(4)}); !slices.Equal(got, []string{"+1m12s type:COMMAND command:{exit_code:4}"}) {
		t.Errorf("a check that has been told of: %q", got)
	}
}

func TestNoChecks(t *testing.T) {
	c := New(&mesosv1.TaskInfo{}, start, start, nil)
	if !c.Deadline().IsZero() || c.Due(start) != nil || c.Done(start, Health, Result{}).News {
		t.Error("a task without checks is checked")
	}
}

func TestSeconds(t *testing.T) {
	for s, want := range map[float64]time.Duration{0: 0, 1.5: 1500 * time.Millisecond, 1e300: forever, math.Inf(1): forever} {
		if got := seconds(s); got != want {
			t.Errorf("%v seconds are %v, want %v", s, got, want)
		}
	}
	if got := seconds(math.NaN()); got != forever {
		t.Errorf("NaN is %v", got)
	}
}
