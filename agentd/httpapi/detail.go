package httpapi

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/agentd/inside"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/version"
)

// host answers /reeve/v1/host.
func (a *api) host(w http.ResponseWriter, r *http.Request) {
	if a.cfg.Host == nil {
		mesoshttp.WriteAPIError(w, r, fault.New(fault.Unsupported, "this agent tells nothing of its host"))
		return
	}
	d := a.cfg.Host()
	d.Version, d.Commit, d.Built, d.Started, d.Flags = version.Reeve, version.Commit(), version.Built(), a.cfg.Started, a.cfg.Flags
	if v, err := a.cfg.View(r.Context()); err == nil { // else the agent is ending
		d.GPUs = a.gpus(v)
	}
	if a.cfg.Kept != nil {
		d.SandboxSeconds = a.cfg.Kept().Seconds()
	}
	mesoshttp.WriteAPI(w, r, http.StatusOK, d)
}

// container answers /reeve/v1/container.
func (a *api) container(w http.ResponseWriter, r *http.Request) {
	framework, task, found := strings.Cut(r.URL.Query().Get("task"), "/")
	if !found || framework == "" || task == "" {
		mesoshttp.WriteAPIError(w, r, fault.New(fault.Invalid, "task is %q, and must be a framework's id, a slash and a task's id", r.URL.Query().Get("task")))
		return
	}
	v, err := a.cfg.View(r.Context())
	if err != nil {
		mesoshttp.WriteAPIError(w, r, err)
		return
	}
	e, t, found := findTask(v, ids.Framework(framework), task)
	if !found {
		if e, t, found = findEnded(v, ids.Framework(framework), task); found {
			mesoshttp.WriteAPI(w, r, http.StatusOK, a.ended(e, t))
			return
		}
		mesoshttp.WriteAPIError(w, r, fault.New(fault.NotFound, "no task %s of framework %s runs on this agent, and it remembers none that has", task, framework))
		return
	}
	d := describe(e, t)
	a.origin(&d, e)
	if stats, err := a.cfg.Stats(r.Context(), ids.Container(d.ID)); err == nil { // else it has just ended, or has not begun
		measure(&d, stats)
	}
	d.GPUs = a.gpusOf(ids.Container(d.ID))
	look(&d)
	mesoshttp.WriteAPI(w, r, http.StatusOK, d)
}

// origin adds what a container was made of.
func (a *api) origin(d *reeveapi.ContainerDetail, e workload.ExecutorView) {
	if a.cfg.Origin != nil {
		of := a.cfg.Origin(e.Container, ids.Container(d.ID))
		d.Images, d.Artifacts = of.Images, of.Artifacts
	}
}

// ended is what is still known of the container of a task that has ended.
func (a *api) ended(e workload.ExecutorView, t workload.TaskView) reeveapi.ContainerDetail {
	d := describe(e, t)
	if own := namedContainer(t.Task); own != "" {
		d.ID = own
	}
	d.PID, d.Ended, d.Unseen = 0, true, "it has ended"
	a.origin(&d, e)
	return d
}

// namedContainer is the container that a task's statuses name, "" if they name none.
func namedContainer(t *mesosv1.Task) string {
	for _, s := range slices.Backward(t.GetStatuses()) {
		if id := s.GetContainerStatus().GetContainerId().GetValue(); id != "" {
			return id
		}
	}
	return ""
}

// findEnded is a task that has ended and that the agent remembers, the newest of that id, and its executor.
func findEnded(v *workload.View, framework ids.Framework, task string) (e workload.ExecutorView, t workload.TaskView, found bool) {
	var executors []workload.ExecutorView // oldest first
	for _, f := range append(slices.Clone(v.Completed), v.Frameworks...) {
		if f.ID == framework {
			executors = append(append(executors, f.Completed...), f.Executors...)
		}
	}
	for _, e := range slices.Backward(executors) {
		for _, t := range slices.Backward(e.Completed) {
			if t.Task.GetTaskId().GetValue() == task {
				return e, t, true
			}
		}
	}
	return e, t, false
}

// findTask is a task that has not ended, or not for its framework, and its executor.
func findTask(v *workload.View, framework ids.Framework, task string) (e workload.ExecutorView, t workload.TaskView, found bool) {
	for _, f := range v.Frameworks {
		if f.ID != framework {
			continue
		}
		for _, e := range f.Executors {
			for _, t := range e.Tasks {
				if t.Task.GetTaskId().GetValue() == task {
					return e, t, true
				}
			}
		}
	}
	return e, t, false
}

// describe is what the agent knows of a task's container without looking.
func describe(e workload.ExecutorView, t workload.TaskView) reeveapi.ContainerDetail {
	d := reeveapi.ContainerDetail{At: time.Now(), ID: string(e.Container), PID: e.PID, Sandbox: e.Sandbox, Started: e.Started}
	joined := e.Joined
	if t.Container != "" { // its own, in a pod
		d.ID, d.PID, joined = string(t.Container), t.PID, t.Joined
	}
	for _, j := range joined {
		n := reeveapi.ContainerNetwork{Name: j.Network, Addresses: j.Addresses}
		for _, p := range j.Ports {
			n.Ports = append(n.Ports, fmt.Sprintf("%d -> %d %s", p.Host, p.Container, p.Protocol))
		}
		d.Networks = append(d.Networks, n)
	}
	for _, v := range t.Info.GetContainer().GetVolumes() {
		d.Volumes = append(d.Volumes, volumeText(v))
	}
	for _, v := range e.Volumes {
		d.Volumes = append(d.Volumes, v.At+" <- persistent "+v.Path)
	}
	for _, u := range t.Info.GetCommand().GetUris() {
		d.URIs = append(d.URIs, u.GetValue())
	}
	d.Health, d.Kill = healthText(t.Info.GetHealthCheck()), killText(t.Info.GetKillPolicy())
	return d
}

func volumeText(v *mesosv1.Volume) string {
	text := v.GetContainerPath()
	switch {
	case v.GetHostPath() != "":
		text += " <- host " + v.GetHostPath()
	case v.GetImage() != nil:
		text += " <- image " + v.GetImage().GetDocker().GetName()
	case v.GetSource() != nil:
		text += " <- " + strings.ToLower(v.GetSource().GetType().String())
	}
	if v.GetMode() == mesosv1.Volume_RO {
		text += " (read-only)"
	}
	return text
}

// healthText is a health check for people: "http :8080/health every 10s, killed after 3 failures".
func healthText(h *mesosv1.HealthCheck) string {
	if h == nil {
		return ""
	}
	text := "command"
	switch h.GetType() {
	case mesosv1.HealthCheck_HTTP:
		text = fmt.Sprintf("%s :%d%s", h.GetHttp().GetScheme(), h.GetHttp().GetPort(), h.GetHttp().GetPath())
		if h.GetHttp().GetScheme() == "" {
			text = fmt.Sprintf("http :%d%s", h.GetHttp().GetPort(), h.GetHttp().GetPath())
		}
	case mesosv1.HealthCheck_TCP:
		text = fmt.Sprintf("tcp :%d", h.GetTcp().GetPort())
	case mesosv1.HealthCheck_COMMAND, mesosv1.HealthCheck_UNKNOWN:
	}
	return fmt.Sprintf("%s every %s, killed after %d failures", text, seconds(h.GetIntervalSeconds()), h.GetConsecutiveFailures())
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// killText is how a task is asked to end, and for how long.
func killText(k *mesosv1.KillPolicy) string {
	if k.GetGracePeriod() == nil {
		return ""
	}
	return "SIGKILL " + time.Duration(k.GetGracePeriod().GetNanoseconds()).String() + " after it was asked to end"
}

// measure adds counters.
func measure(d *reeveapi.ContainerDetail, s runtime.Stats) {
	d.At = s.At
	d.UserSeconds, d.SystemSeconds = s.CPUUser.Seconds(), s.CPUSystem.Seconds()
	d.Periods, d.ThrottledPeriods = s.Periods, s.Throttled
	d.ResidentBytes, d.CacheBytes, d.SwapBytes, d.OOMKills, d.MajorFaults = s.AnonBytes, s.CacheBytes, s.SwapBytes, s.OOMKills, s.MajorFaults
}

// look adds what is seen of the container from outside.
func look(d *reeveapi.ContainerDetail) {
	if d.PID == 0 {
		d.Unseen = "it does not run"
		return
	}
	processes, err := inside.Processes(d.PID)
	if err != nil {
		d.Unseen = err.Error()
		return
	}
	d.Processes = processes
	if count, own := inside.Connections(d.PID); own {
		d.Connections = &count
	}
}
