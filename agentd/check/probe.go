package check

import (
	"math"
	"time"

	"codeberg.org/reeve/reeve/agentd/launch"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// Of says which of a task's two checks something belongs to.
type Of int

// The checks that a task may have, one of each.
const (
	Health Of = iota // TaskInfo.health_check: a task that fails it is killed
	Status           // TaskInfo.check: what it finds is only told
)

// Kind is what a probe does.
type Kind int

// The kinds of probes.
const (
	Command Kind = iota // runs a command in the container
	HTTP                // gets a page from the loopback address that the container sees
	TCP                 // connects to it
)

// Probe is one look at a task.
type Probe struct {
	Of      Of
	Kind    Kind
	Argv    []string // of a Command; the executable first
	Env     []string // KEY=value, beside what the container has
	User    string   // "" for the container's own
	Scheme  string   // http or https
	Port    uint32
	Path    string
	IPv6    bool
	Timeout time.Duration // 0 for none
}

// Result is what a probe found.
type Result struct {
	Answered  bool   // there was an answer: an exit code, a status code, a connection or its refusal
	ExitCode  int32  // of a Command
	Code      uint32 // of HTTP
	Connected bool   // of TCP
	Why       string // if it is no success: why, for people
}

// forever is what longer times are cut to.
const forever = 100 * 365 * 24 * time.Hour

// seconds turns Mesos's floating seconds, which may be anything but negative, into a duration.
func seconds(s float64) time.Duration {
	if !(s < forever.Seconds()) { // NaN, too
		return forever
	}
	return time.Duration(math.Round(s * 1e9))
}

func commandProbe(of Of, c *mesosv1.CommandInfo) Probe {
	return Probe{Of: of, Kind: Command, Argv: launch.Argv(c), Env: launch.Variables(c), User: c.GetUser()}
}

// healthProbe is what a health check looks at.
func healthProbe(h *mesosv1.HealthCheck) Probe {
	p := Probe{Of: Health}
	switch h.GetType() {
	case mesosv1.HealthCheck_HTTP:
		p = Probe{
			Of: Health, Kind: HTTP, Scheme: h.GetHttp().GetScheme(), Port: h.GetHttp().GetPort(), Path: h.GetHttp().GetPath(),
			IPv6: h.GetHttp().GetProtocol() == mesosv1.NetworkInfo_IPv6,
		}
	case mesosv1.HealthCheck_TCP:
		p = Probe{Of: Health, Kind: TCP, Port: h.GetTcp().GetPort(), IPv6: h.GetTcp().GetProtocol() == mesosv1.NetworkInfo_IPv6}
	case mesosv1.HealthCheck_COMMAND, mesosv1.HealthCheck_UNKNOWN: // the master has filled in the type
		p = commandProbe(Health, h.GetCommand())
	}
	p.Timeout = seconds(h.GetTimeoutSeconds())
	return p
}

// statusProbe is what a check looks at.
func statusProbe(c *mesosv1.CheckInfo) Probe {
	p := Probe{Of: Status}
	switch c.GetType() {
	case mesosv1.CheckInfo_HTTP:
		p = Probe{Of: Status, Kind: HTTP, Port: c.GetHttp().GetPort(), Path: c.GetHttp().GetPath()}
	case mesosv1.CheckInfo_TCP:
		p = Probe{Of: Status, Kind: TCP, Port: c.GetTcp().GetPort()}
	case mesosv1.CheckInfo_COMMAND, mesosv1.CheckInfo_UNKNOWN:
		p = commandProbe(Status, c.GetCommand().GetCommand())
	}
	p.Timeout = seconds(c.GetTimeoutSeconds())
	return p
}
