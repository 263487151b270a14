package check

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// Checks are those of one task that runs. The zero pointer is a task without any.
type Checks struct {
	health *health
	status *status
}

// schedule says when to look: after a delay, and then an interval after each answer.
type schedule struct {
	next     time.Time
	interval time.Duration
	probing  bool
}

func (s *schedule) due(now time.Time) bool {
	if s.probing || now.Before(s.next) {
		return false
	}
	s.probing = true
	return true
}

// minInterval is between two looks whatever a task asks for: looking without a pause would do nothing else.
const minInterval = 100 * time.Millisecond

func (s *schedule) answered(now time.Time) {
	s.probing, s.next = false, now.Add(max(minInterval, s.interval))
}

// deadline is zero while an answer is awaited.
func (s *schedule) deadline() time.Time {
	if s.probing {
		return time.Time{}
	}
	return s.next
}

// health is a health check under way.
type health struct {
	schedule
	spec     *mesosv1.HealthCheck
	grace    time.Time // failures until then are ignored
	settled  bool      // it has succeeded, or failed after its grace
	failures uint32    // in a row
}

// status is a check under way.
type status struct {
	schedule
	spec  *mesosv1.CheckInfo
	found *mesosv1.CheckStatusInfo
}

// New begins to check a task that was started at that time. last is its newest status, from which an agent that was
// restarted knows what the framework has been told; nil for a new task. The number of failures in a row is not known then:
// a sick task gets its chances again, but one.
func New(task *mesosv1.TaskInfo, started, now time.Time, last *mesosv1.TaskStatus) *Checks {
	if task.GetHealthCheck() == nil && task.GetCheck() == nil {
		return nil
	}
	first := func(delay float64) time.Time {
		if at := started.Add(seconds(delay)); at.After(now) {
			return at
		}
		return now
	}
	c := &Checks{}
	if h := task.GetHealthCheck(); h != nil {
		c.health = &health{
			schedule: schedule{next: first(h.GetDelaySeconds()), interval: seconds(h.GetIntervalSeconds())}, spec: h,
			grace: started.Add(seconds(h.GetGracePeriodSeconds())), settled: last != nil && last.Healthy != nil,
		}
		if last != nil && last.Healthy != nil && !last.GetHealthy() {
			c.health.failures = 1
		}
	}
	if s := task.GetCheck(); s != nil {
		c.status = &status{
			schedule: schedule{next: first(s.GetDelaySeconds()), interval: seconds(s.GetIntervalSeconds())}, spec: s,
			found: Blank(s),
		}
		if last.GetCheckStatus() != nil {
			c.status.found = last.GetCheckStatus()
		}
	}
	return c
}

// Deadline is when Due has something, zero if never.
func (c *Checks) Deadline() time.Time {
	var next time.Time
	if c == nil {
		return next
	}
	if c.health != nil {
		next = c.health.deadline()
	}
	if c.status != nil {
		if at := c.status.deadline(); next.IsZero() || !at.IsZero() && at.Before(next) {
			next = at
		}
	}
	return next
}

// Due returns the probes to carry out now. Done must be told of each.
func (c *Checks) Due(now time.Time) []Probe {
	var probes []Probe
	if c == nil {
		return nil
	}
	if c.health != nil && c.health.due(now) {
		probes = append(probes, healthProbe(c.health.spec))
	}
	if c.status != nil && c.status.due(now) {
		probes = append(probes, statusProbe(c.status.spec))
	}
	return probes
}

// Verdict is what follows from an answer.
type Verdict struct {
	News    bool // the framework is told
	Reason  mesosv1.TaskStatus_Reason
	Healthy *bool                    // of a health check
	Found   *mesosv1.CheckStatusInfo // of a check
	Message string                   // for people
	Kill    bool                     // the task is sick beyond hope
	Again   bool                     // the news is what was told last, once more
}

// Done takes the answer of a probe.
func (c *Checks) Done(now time.Time, of Of, r Result) Verdict {
	switch {
	case c == nil:
		return Verdict{}
	case of == Health && c.health != nil:
		return c.health.done(now, r)
	case of == Status && c.status != nil:
		return c.status.done(now, r)
	}
	return Verdict{}
}

// healthyCodes are what HTTP health checks take for success, as Mesos does; HealthCheck.http.statuses is ignored there, too.
const minHealthyCode, maxHealthyCode = 200, 399

func (h *health) succeeded(r Result) bool {
	if !r.Answered {
		return false
	}
	switch healthProbe(h.spec).Kind {
	case HTTP:
		return r.Code >= minHealthyCode && r.Code <= maxHealthyCode
	case TCP:
		return r.Connected
	case Command:
	}
	return r.ExitCode == 0
}

func (h *health) done(now time.Time, r Result) Verdict {
	h.answered(now)
	v := Verdict{Reason: mesosv1.TaskStatus_REASON_TASK_HEALTH_CHECK_STATUS_UPDATED}
	if h.succeeded(r) {
		v.News = !h.settled || h.failures > 0
		v.Healthy = new(true)
		h.settled, h.failures = true, 0
		return v
	}
	if !h.settled && !now.After(h.grace) {
		return v
	}
	h.settled = true
	h.failures++
	v.News, v.Healthy, v.Kill = true, new(false), h.failures >= h.spec.GetConsecutiveFailures()
	v.Again = h.failures > 1
	v.Message = "health check failed"
	if r.Why != "" {
		v.Message += ": " + r.Why
	}
	if h.failures > 1 {
		v.Message += fmt.Sprintf(" (%d times in a row)", h.failures)
	}
	return v
}

func (s *status) done(now time.Time, r Result) Verdict {
	s.answered(now)
	found := Blank(s.spec)
	if r.Answered {
		switch s.spec.GetType() {
		case mesosv1.CheckInfo_COMMAND:
			found.Command.ExitCode = &r.ExitCode
		case mesosv1.CheckInfo_HTTP:
			found.Http.StatusCode = &r.Code
		case mesosv1.CheckInfo_TCP:
			found.Tcp.Succeeded = &r.Connected
		case mesosv1.CheckInfo_UNKNOWN:
		}
	}
	v := Verdict{Reason: mesosv1.TaskStatus_REASON_TASK_CHECK_STATUS_UPDATED, Found: found, News: !proto.Equal(found, s.found)}
	s.found = found
	return v
}

// Blank is what is said of a check without an answer (spec 3.11): its type and an empty message.
func Blank(c *mesosv1.CheckInfo) *mesosv1.CheckStatusInfo {
	info := &mesosv1.CheckStatusInfo{Type: c.Type}
	switch c.GetType() {
	case mesosv1.CheckInfo_COMMAND:
		info.Command = &mesosv1.CheckStatusInfo_Command{}
	case mesosv1.CheckInfo_HTTP:
		info.Http = &mesosv1.CheckStatusInfo_Http{}
	case mesosv1.CheckInfo_TCP:
		info.Tcp = &mesosv1.CheckStatusInfo_Tcp{}
	case mesosv1.CheckInfo_UNKNOWN:
	}
	return info
}
