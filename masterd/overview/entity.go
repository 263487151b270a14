package overview

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
)

// Usage returns what an agent's newest heartbeat said of its host; ok is false before the first.
type Usage func(ids.Agent) (usage *agentlink.HostUsage, at time.Time, ok bool)

// Amounts are the scalars of some resources.
func Amounts(r resources.Resources) reeveapi.Amounts {
	return reeveapi.Amounts{
		CPUs: r.Scalar("cpus").Float(),
		Mem:  r.Scalar("mem").Float(),
		Disk: r.Scalar("disk").Float(),
		GPUs: r.Scalar("gpus").Float(),
	}
}

// Agent shows one agent. tasks is how many of its tasks have not ended.
func Agent(a *cluster.Agent, tasks int, usage Usage) reeveapi.Agent {
	out := reeveapi.Agent{
		ID:           string(a.ID),
		Name:         a.Info.GetHostname(),
		HTTP:         a.HTTP,
		State:        agentState(a),
		Deactivated:  a.Deactivated,
		Version:      a.Version,
		Since:        a.Since,
		Registered:   a.Registered,
		Reregistered: a.Reregistered,
		Total:        Amounts(a.Total),
		Allocated:    Amounts(a.Allocated),
		Offered:      Amounts(a.Offered),
		Ports:        a.Total.Text("ports"),
		Tasks:        tasks,
	}
	if d := a.Drain; d != nil {
		out.Drain = &reeveapi.Drain{Since: d.Since, MarkGone: d.MarkGone, Drained: d.Drained, Left: a.Tasks}
		if a.State == cluster.AgentActive || a.State == cluster.AgentDisconnected { // of others nobody knows how many are left
			out.Drain.Begun = d.Begun
		}
		if d.MaxGrace != nil {
			out.Drain.MaxGraceSeconds = new(d.MaxGrace.Seconds())
		}
		out.Reason = drainReason(a, tasks)
	}
	if list := a.Info.GetAttributes(); len(list) > 0 {
		out.Attributes = make(map[string]string, len(list))
		for _, attribute := range list {
			out.Attributes[attribute.GetName()] = resources.AttributeText(attribute)
		}
	}
	keeps(&out, a)
	if u, at, ok := usage(a.ID); ok {
		shown := hostUsage(u, at)
		out.Usage = &shown
	}
	return out
}

// drainReason says what a drain waits for, for people; tasks is how many have not ended.
func drainReason(a *cluster.Agent, tasks int) string {
	switch {
	case a.Drain.Drained:
		return "drained"
	case a.State != cluster.AgentActive && a.State != cluster.AgentDisconnected:
		return "drains when it is back"
	case tasks > 0:
		return fmt.Sprintf("drains: %s to end", plural(tasks, "task"))
	default:
		return fmt.Sprintf("drains: frameworks have to acknowledge the end of %s", plural(a.Tasks, "task"))
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// agentState is one word for what the master believes of an agent and what an operator has said of it. That an agent is
// away says more than that nothing of it would be offered.
func agentState(a *cluster.Agent) string {
	switch {
	case a.State != cluster.AgentActive:
	case a.Drain != nil && a.Drain.Drained:
		return reeveapi.AgentDrained
	case a.Drain != nil:
		return reeveapi.AgentDraining
	case a.Deactivated:
		return reeveapi.AgentDeactivated
	}
	switch a.State {
	case cluster.AgentRecovered:
		return reeveapi.AgentRecovered
	case cluster.AgentActive:
		return reeveapi.AgentActive
	case cluster.AgentDisconnected:
		return reeveapi.AgentDisconnected
	case cluster.AgentUnreachable:
		return reeveapi.AgentUnreachable
	case cluster.AgentGone:
		return reeveapi.AgentGone
	}
	return "unknown"
}

func hostUsage(u *agentlink.HostUsage, at time.Time) reeveapi.HostUsage {
	return reeveapi.HostUsage{
		At:              at,
		CPUs:            u.GetCpus(),
		Load1:           u.GetLoad1(),
		MemBytes:        u.GetMemBytes(),
		MemTotalBytes:   u.GetMemTotalBytes(),
		DiskBytes:       u.GetDiskBytes(),
		DiskTotalBytes:  u.GetDiskTotalBytes(),
		NetReceiveBytes: u.GetNetReceiveBytes(),
		NetSendBytes:    u.GetNetSendBytes(),
	}
}

// Framework shows one framework. tasks counts its tasks by state, offers its outstanding offers.
func Framework(f *cluster.Framework, tasks map[string]int, offers int) reeveapi.Framework {
	out := reeveapi.Framework{
		ID:         string(f.ID),
		Name:       f.Info.GetName(),
		State:      frameworkState(f.State),
		User:       f.Info.GetUser(),
		Principal:  f.Info.GetPrincipal(),
		Hostname:   f.Info.GetHostname(),
		WebUI:      f.Info.GetWebuiUrl(),
		Roles:      append([]string{}, f.Roles...), // a list, even of nothing
		Since:      f.Since,
		Registered: f.Registered,
		Ended:      f.Unregistered,
		Allocated:  Amounts(f.Allocated),
		Offered:    Amounts(f.Offered),
		Offers:     offers,
		Tasks:      tasks,
	}
	if !f.Reregistered.Equal(f.Registered) {
		out.Reregistered = f.Reregistered
	}
	if timeout := f.Info.GetFailoverTimeout(); timeout > 0 { // infinity has no place in JSON
		out.Failover = min(timeout, math.MaxInt32)
	}
	for role, suppressed := range f.Suppressed {
		if suppressed {
			out.Suppressed = append(out.Suppressed, role)
		}
	}
	slices.Sort(out.Suppressed)
	for _, c := range f.Info.GetCapabilities() {
		out.Capabilities = append(out.Capabilities, c.GetType().String())
	}
	return out
}

func frameworkState(s cluster.FrameworkState) string {
	switch s {
	case cluster.FrameworkActive:
		return reeveapi.FrameworkActive
	case cluster.FrameworkInactive:
		return reeveapi.FrameworkInactive
	case cluster.FrameworkRecovered:
		return reeveapi.FrameworkRecovered
	case cluster.FrameworkCompleted:
		return reeveapi.FrameworkCompleted
	}
	return "unknown"
}

// Task shows one task. agent is nil if it is not known any more.
func Task(t *cluster.Task, framework string, agent *cluster.Agent) reeveapi.Task {
	out := Brief(t, framework, agent)
	out.Executor, out.User = string(t.Executor), t.User
	if out.Executor == "" {
		out.Executor = t.ID.ID
	}
	out.Sandbox = sandbox(t, out.Executor)
	if agent != nil {
		out.AgentHTTP = agent.HTTP
	}
	describe(&out, t.Info)
	fate(&out, t)
	out.History = steps(t)
	return out
}

// NotInBrief are the keys of a task that Brief does without.
var NotInBrief = []string{"command", "image", "user", "labels", "env", "executor", "container", "agent_http", "source", "sandbox", "history"}

// Brief shows of a task what fits into a line: not what only few ask for.
func Brief(t *cluster.Task, framework string, agent *cluster.Agent) reeveapi.Task {
	out := reeveapi.Task{
		ID:            t.ID.ID,
		Framework:     string(t.ID.Framework),
		FrameworkName: framework,
		Name:          t.Info.GetName(),
		Role:          t.Role,
		Agent:         string(t.Agent),
		State:         t.Latest.String(),
		Requested:     Amounts(t.Resources),
		Ports:         t.Resources.Text("ports"),
		Launched:      t.Launched,
		Ended:         t.Ended,
	}
	if agent != nil {
		out.AgentName = agent.Info.GetHostname()
	}
	for _, l := range t.Info.GetLabels().GetLabels() {
		if l.GetKey() == jobLabel {
			out.Job = l.GetValue()
		}
	}
	fate(&out, t)
	out.Container, out.Source = "", ""
	return out
}

// Move shows what has become of a task that was shown as it was. ok is false if it is another also in what it was launched
// as; then it has to be shown whole. framework and agent are those of now.
func Move(was, t *cluster.Task, framework string, agent *cluster.Agent) (m reeveapi.TaskMove, ok bool) {
	if was.Info != t.Info || was.Agent != t.Agent || was.Executor != t.Executor || was.Role != t.Role || was.User != t.User ||
		!was.Launched.Equal(t.Launched) || !was.Resources.Equal(t.Resources) {
		return reeveapi.TaskMove{}, false
	}
	var next reeveapi.Task
	fate(&next, t)
	told, history := steps(was), steps(t)
	kept := 0
	for kept < len(told) && kept < len(history) && told[kept] == history[kept] {
		kept++
	}
	m = reeveapi.TaskMove{
		Task: t.ID.String(), FrameworkName: framework, Container: next.Container, State: t.Latest.String(), Message: next.Message,
		Reason: next.Reason, Source: next.Source, Healthy: next.Healthy, Check: next.Check, Pull: next.Pull,
		Kept: kept, History: history[kept:], Ended: t.Ended,
	}
	if agent != nil {
		m.AgentName, m.AgentHTTP = agent.Info.GetHostname(), agent.HTTP
	}
	return m, true
}

// sandbox is the task's virtual path on its agent (spec 3.12).
func sandbox(t *cluster.Task, executor string) string {
	path := "/frameworks/" + string(t.ID.Framework) + "/executors/" + executor + "/runs/latest"
	if t.Info.GetExecutor().GetType() == mesosv1.ExecutorInfo_DEFAULT {
		path += "/tasks/" + t.ID.ID
	}
	return path
}

// jobLabel is the label by which the built-in framework marks the tasks of a job.
const jobLabel = "reeve.job"

// describe fills in what the task was launched as.
func describe(out *reeveapi.Task, info *mesosv1.TaskInfo) {
	command := info.GetCommand()
	if command == nil {
		command = info.GetExecutor().GetCommand()
	}
	out.Command = commandText(command)
	container := info.GetContainer()
	if container == nil {
		container = info.GetExecutor().GetContainer()
	}
	out.Image = imageOf(container)
	for _, v := range command.GetEnvironment().GetVariables() {
		if v.GetSecret() != nil || v.Value == nil {
			continue // what a secret is worth is nobody's business here
		}
		if out.Env == nil {
			out.Env = map[string]string{}
		}
		out.Env[v.GetName()] = v.GetValue()
	}
	for _, l := range info.GetLabels().GetLabels() {
		if out.Labels == nil {
			out.Labels = map[string]string{}
		}
		out.Labels[l.GetKey()] = l.GetValue()
	}
}

func commandText(c *mesosv1.CommandInfo) string {
	if c.GetShell() || len(c.GetArguments()) == 0 {
		return c.GetValue()
	}
	var text strings.Builder
	text.WriteString(c.GetArguments()[0])
	for _, argument := range c.GetArguments()[1:] {
		text.WriteString(" " + argument)
	}
	return text.String()
}

func imageOf(c *mesosv1.ContainerInfo) string {
	if image := c.GetDocker().GetImage(); image != "" {
		return image
	}
	return c.GetMesos().GetImage().GetDocker().GetName()
}

// ahead is said of a task whose agent has said in which state it is before it may forward the update that led there: an update
// waits until the framework has acknowledged the one before. People want to see that state at once, above all when it is an
// end, so it becomes the last step, and the message says why there are no details.
const ahead = "its agent says so; the update with the details follows once the framework has acknowledged the ones before"

// isAhead says whether a task is in a state of which no update has told yet.
func isAhead(t *cluster.Task) bool {
	if n := len(t.Statuses); n > 0 {
		return t.Statuses[n-1].GetState() != t.Latest
	}
	return t.Latest != mesosv1.TaskState_TASK_STAGING
}

// fate fills in what is known of the task now, by what has happened to it.
func fate(out *reeveapi.Task, t *cluster.Task) {
	for _, s := range t.Statuses {
		if c := containerName(s.GetContainerStatus().GetContainerId()); c != "" {
			out.Container = c
		}
		if s.Healthy != nil {
			out.Healthy = s.Healthy
		}
		if found := checkText(s.GetCheckStatus()); found != "" {
			out.Check = found
		}
	}
	switch n := len(t.Statuses); {
	case isAhead(t):
		out.Message = ahead
	case n == 0:
		pull(out, t)
	default:
		newest := t.Statuses[n-1]
		out.Message = newest.GetMessage()
		if newest.Reason != nil {
			out.Reason = newest.GetReason().String()
		}
		if newest.Source != nil {
			out.Source = newest.GetSource().String()
		}
		if t.Latest == mesosv1.TaskState_TASK_STARTING && t.Fetched != "" { // without an image a task starts before its files are there
			pull(out, t)
		}
	}
}

// steps are what has happened to the task.
func steps(t *cluster.Task) []reeveapi.TaskStep {
	staging := mesosv1.TaskState_TASK_STAGING
	out := make([]reeveapi.TaskStep, 0, len(t.Statuses)+2)
	if len(t.Statuses) == 0 || t.Statuses[0].GetState() != staging {
		out = append(out, reeveapi.TaskStep{State: staging.String(), At: t.Launched})
	}
	for _, s := range t.Statuses {
		out = append(out, reeveapi.TaskStep{State: s.GetState().String(), At: statusTime(s), Message: s.GetMessage()})
	}
	if isAhead(t) {
		step := reeveapi.TaskStep{State: t.Latest.String(), At: t.Ended, Message: ahead}
		if step.At.IsZero() {
			step.At = out[len(out)-1].At
		}
		out = append(out, step)
	}
	return out
}

// pull says how far the image of a staging task is, or what is fetched for one that has not begun.
func pull(out *reeveapi.Task, t *cluster.Task) {
	if t.PullTotal <= 0 && t.Fetched == "" {
		return
	}
	done, far := t.Pulled, fmt.Sprintf("%d MB", t.Pulled/1e6)
	if t.PullTotal > 0 {
		done = min(done, t.PullTotal) // a layer that is asked for again counts again
		far = fmt.Sprintf("%d of %d MB", done/1e6, (t.PullTotal+999_999)/1e6)
	}
	out.Pull = &reeveapi.Pull{URI: t.Fetched, Done: done, Total: t.PullTotal}
	out.Message = "pulling " + far
	if t.Fetched != "" {
		out.Message = "fetching " + path.Base(t.Fetched) + ", " + far
	}
}

func statusTime(s *mesosv1.TaskStatus) time.Time {
	return time.UnixMicro(int64(s.GetTimestamp() * 1e6)).UTC()
}

// Remembered yields every task that is remembered of a framework, live ones first.
func Remembered(f *cluster.Framework) func(yield func(*cluster.Task) bool) {
	return func(yield func(*cluster.Task) bool) {
		for _, t := range f.Tasks {
			if !yield(t) {
				return
			}
		}
		for _, list := range [][]*cluster.Task{f.Unreachable, f.Ended} {
			for _, t := range list {
				if !yield(t) {
					return
				}
			}
		}
	}
}

// checkText says what a check has found, "" without an answer.
func checkText(s *mesosv1.CheckStatusInfo) string {
	switch {
	case s.GetCommand() != nil && s.GetCommand().ExitCode != nil:
		return fmt.Sprintf("exited with status %d", s.GetCommand().GetExitCode())
	case s.GetHttp() != nil && s.GetHttp().StatusCode != nil:
		return fmt.Sprintf("HTTP status %d", s.GetHttp().GetStatusCode())
	case s.GetTcp() != nil && s.GetTcp().Succeeded != nil && s.GetTcp().GetSucceeded():
		return "takes connections"
	case s.GetTcp() != nil && s.GetTcp().Succeeded != nil:
		return "takes no connections"
	}
	return ""
}

// containerName is a container's id with those of its parents before it, and dots between.
func containerName(id *mesosv1.ContainerID) string {
	if parent := id.GetParent(); parent != nil {
		return string(ids.Container(containerName(parent)).Nested(id.GetValue()))
	}
	return id.GetValue()
}
