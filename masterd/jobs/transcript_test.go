package jobs

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"gopkg.in/yaml.v3"

	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/masterd/vault"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
)

// harness is a machine with a registry that answers when it is told to.
type harness struct {
	t      *testing.T
	state  *State
	now    time.Time
	stored map[ids.Job]reeveapi.Job
	writes []Persist

	secrets map[string]registry.Secret
}

var epoch = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// TestTranscripts runs testdata/*. The commands:
//
//	start                    a term begins with what the registry holds
//	submit [by=who]          a job, in YAML
//	stop/remove job=name
//	persisted [err=text]     the registrar answers what is under way
//	subscribed | error text=…
//	offer id= agent= role= res=
//	update task= state= [agent=] [uuid=] [reason=] [message=]
//	change [expect=] [by=]   an update, in YAML
//	scale job= to= | restart job= | rollback job= [to=] | trigger job=
//	drain agent= [off=1]
//	images agent= names=a,b
//	secret name= [key=] [by=] | remove-secret name= | secrets
//	describe job=            what an operator sees beside the instances
//	tick 5s                  time passes, timers run as they come
//	jobs                     what views see
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		t.Helper()
		h := &harness{t: t, now: epoch, stored: map[ids.Job]reeveapi.Job{}, secrets: map[string]registry.Secret{}}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			t.Helper()
			h.t = t
			return h.run(d)
		})
	})
}

func (h *harness) run(d *datadriven.TestData) string {
	switch d.Cmd {
	case "start":
		h.writes = nil // the former master's
		h.state = New(Config{Hostname: "m1"}, &registry.State{Jobs: h.stored, Secrets: h.secrets}, h.now)
		return h.show(h.state.Start(h.now))
	case "submit":
		var spec reeveapi.JobSpec
		if err := yaml.Unmarshal([]byte(d.Input), &spec); err != nil {
			h.t.Fatal(err)
		}
		return h.step(Submit{Ticket: 1, Spec: spec, By: arg(d, "by")})
	case "change", "scale", "restart", "rollback", "trigger":
		return h.change(d)
	case "drain":
		return h.step(Draining{Agent: ids.Agent(arg(d, "agent")), On: arg(d, "off") == ""})
	case "describe":
		return h.describe(arg(d, "job"))
	case "secret":
		return h.step(SetSecret{Ticket: 5, Name: arg(d, "name"), Size: 7, By: arg(d, "by"), Sealed: vault.Sealed{Key: arg(d, "key"), Data: []byte("hunter2")}})
	case "images":
		return h.step(Images{Agent: ids.Agent(arg(d, "agent")), Names: strings.Fields(strings.ReplaceAll(arg(d, "names"), ",", " "))})
	case "remove-secret":
		return h.step(RemoveSecret{Ticket: 5, Name: arg(d, "name")})
	case "secrets":
		return h.showSecrets()
	case "stop":
		return h.step(Stop{Change{Ticket: 2, Name: ids.Job(arg(d, "job")), Expect: h.number(d, "expect"), By: arg(d, "by")}})
	case "remove":
		return h.step(Remove{Change{Ticket: 3, Name: ids.Job(arg(d, "job")), Expect: h.number(d, "expect")}})
	case "persisted":
		return h.persisted(arg(d, "err"))
	case "tick":
		return h.tick(d.CmdArgs[0].Key)
	case "jobs":
		return h.showJobs()
	default:
		return h.step(Event{h.event(d)})
	}
}

// number is an argument that is one, 0 without.
func (h *harness) number(d *datadriven.TestData, name string) int {
	n, err := strconv.Atoi(cmp.Or(arg(d, name), "0"))
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// change is an operator's change of a job.
func (h *harness) change(d *datadriven.TestData) string {
	number := func(name string) int { return h.number(d, name) }
	c := Change{Ticket: 4, Name: ids.Job(arg(d, "job")), Expect: number("expect"), By: arg(d, "by")}
	switch d.Cmd {
	case "scale":
		return h.step(Scale{Change: c, Instances: number("to")})
	case "restart":
		return h.step(Restart{Change: c})
	case "rollback":
		return h.step(Rollback{Change: c, To: number("to")})
	case "trigger":
		return h.step(Trigger{Change: c})
	}
	var spec reeveapi.JobSpec
	if err := yaml.Unmarshal([]byte(d.Input), &spec); err != nil {
		h.t.Fatal(err)
	}
	c.Name = ids.Job(spec.Name)
	return h.step(Update{Change: c, Spec: spec})
}

// describe shows what an operator sees of a job beside its instances.
func (h *harness) describe(name string) string {
	j := h.state.Job(ids.Job(name))
	var b strings.Builder
	fmt.Fprintf(&b, "version %d template %d stable %d health %s (%d)\n", j.Version, j.Template, j.Stable, j.Health, j.Healthy)
	if r := j.Rollout; r != nil {
		fmt.Fprintf(&b, "rollout of %d: %s, %d updated, %d failures %s\n", r.Version, r.State, r.Updated, r.Failures, r.Message)
	}
	for _, i := range j.Instances {
		fmt.Fprintf(&b, "%d: %s v%d healthy=%v restarts=%d failed=%d %s\n", i.Index, cmp.Or(i.State, "-"), i.Template, i.Healthy, i.Restarts, i.Failed, i.Waiting)
	}
	for _, l := range j.Leaving {
		fmt.Fprintf(&b, "leaving %s %s: %s wait=%v\n", l.Task, l.State, l.Why, l.Wait)
	}
	for _, r := range j.Runs {
		late := ""
		if !r.Started.IsZero() && !r.Started.Equal(r.Scheduled) {
			late = fmt.Sprintf(", %v late", r.Started.Sub(r.Scheduled))
		}
		fmt.Fprintf(&b, "run %d: %s %s%s\n", r.Number, r.State, r.Message, late)
	}
	for _, r := range j.History {
		fmt.Fprintf(&b, "version %d of template %d: %s\n", r.Version, r.Template, r.Note)
	}
	if !j.NextRun.IsZero() {
		fmt.Fprintf(&b, "next run %s, %d queued\n", j.NextRun.Format(time.RFC3339), j.Queued)
	}
	return b.String()
}

func arg(d *datadriven.TestData, name string) string {
	for _, a := range d.CmdArgs {
		if a.Key == name {
			return strings.Join(a.Vals, ",")
		}
	}
	return ""
}

func (h *harness) event(d *datadriven.TestData) *scheduler.Event {
	switch d.Cmd {
	case "subscribed":
		return &scheduler.Event{Type: scheduler.Event_SUBSCRIBED.Enum(), Subscribed: &scheduler.Event_Subscribed{}}
	case "error":
		return &scheduler.Event{
			Type: scheduler.Event_ERROR.Enum(), Error: &scheduler.Event_Error{Message: new(arg(d, "text"))},
		}
	case "offer":
		return h.offers(d)
	case "update":
		state, ok := mesosv1.TaskState_value["TASK_"+arg(d, "state")]
		if !ok {
			d.Fatalf(h.t, "no such state")
		}
		status := &mesosv1.TaskStatus{
			TaskId: &mesosv1.TaskID{Value: new(arg(d, "task"))}, State: mesosv1.TaskState(state).Enum(),
		}
		if agent := arg(d, "agent"); agent != "" {
			status.AgentId = &mesosv1.AgentID{Value: new(agent)}
		}
		if uuid := arg(d, "uuid"); uuid != "" {
			status.Uuid = []byte(uuid)
		}
		if reason := arg(d, "reason"); reason != "" {
			status.Reason = mesosv1.TaskStatus_Reason(mesosv1.TaskStatus_Reason_value["REASON_"+reason]).Enum()
		}
		if healthy := arg(d, "healthy"); healthy != "" {
			status.Healthy = new(healthy == "true")
		}
		if message := arg(d, "message"); message != "" {
			status.Message = new(message)
		}
		return &scheduler.Event{Type: scheduler.Event_UPDATE.Enum(), Update: &scheduler.Event_Update{Status: status}}
	}
	d.Fatalf(h.t, "unknown command")
	return nil
}

func offerEvent(id, agent, role, text string) *scheduler.Event {
	return &scheduler.Event{
		Type: scheduler.Event_OFFERS.Enum(),
		Offers: &scheduler.Event_Offers{Offers: []*mesosv1.Offer{{
			Id:             &mesosv1.OfferID{Value: new(id)},
			AgentId:        &mesosv1.AgentID{Value: new(agent)},
			AllocationInfo: &mesosv1.Resource_AllocationInfo{Role: new(role)},
			Resources:      resources.MustParse(text).Allocate(role).Proto(),
		}}},
	}
}

// offers makes one event of an offer for each agent; more than one is written agent=(s1,s2), and attrs=rack:a is of all.
func (h *harness) offers(d *datadriven.TestData) *scheduler.Event {
	var all *scheduler.Event
	for agent := range strings.SplitSeq(arg(d, "agent"), ",") {
		name, attribute, _ := strings.Cut(agent, "/")
		id := arg(d, "id")
		if strings.Contains(arg(d, "agent"), ",") {
			id += "-" + name
		}
		e := offerEvent(id, name, arg(d, "role"), arg(d, "res"))
		offer := e.Offers.Offers[0]
		offer.Hostname = new("host-" + name)
		if key, value, ok := strings.Cut(attribute, ":"); ok {
			offer.Attributes = []*mesosv1.Attribute{{
				Name: new(key), Type: mesosv1.Value_TEXT.Enum(), Text: &mesosv1.Value_Text{Value: new(value)},
			}}
		}
		if all == nil {
			all = e
		} else {
			all.Offers.Offers = append(all.Offers.Offers, offer)
		}
	}
	return all
}

func (h *harness) step(in Input) string { return h.show(h.state.Step(h.now, in)) }

// persisted answers the writes that are under way now, not those that follow from the answers.
func (h *harness) persisted(text string) string {
	var b strings.Builder
	for _, w := range h.writes {
		h.writes = h.writes[1:]
		var err error
		if text != "" {
			err = errors.New(text)
		} else {
			for _, op := range w.Ops {
				apply(h.stored, op)
				h.applySecret(op)
			}
		}
		b.WriteString(h.step(Persisted{Token: w.Token, Err: err}))
	}
	return b.String()
}

func (h *harness) applySecret(op registry.Op) {
	switch op := op.(type) {
	case registry.PutSecret:
		h.secrets[op.Secret.Name] = op.Secret
	case registry.RemoveSecret:
		delete(h.secrets, op.Name)
	}
}

func apply(stored map[ids.Job]reeveapi.Job, op registry.Op) {
	switch op := op.(type) {
	case registry.PutJob:
		stored[ids.Job(op.Job.Spec.Name)] = op.Job
	case registry.RemoveJob:
		delete(stored, op.Job)
	}
}

func (h *harness) tick(text string) string {
	d, err := time.ParseDuration(text)
	if err != nil {
		h.t.Fatal(err)
	}
	var b strings.Builder
	until := h.now.Add(d)
	for {
		at := h.state.Deadline()
		if at.IsZero() || at.After(until) {
			h.now = until
			return b.String()
		}
		if at.After(h.now) {
			h.now = at
		}
		if out := h.step(Tick{}); out != "" {
			fmt.Fprintf(&b, "%s:\n%s", h.now.Sub(epoch), out)
		}
	}
}

func (h *harness) show(effs []Effect) string {
	var b strings.Builder
	for _, e := range effs {
		switch e := e.(type) {
		case Call:
			fmt.Fprintf(&b, "call %s\n", showCall(e.Call))
		case Persist:
			h.writes = append(h.writes, e)
			for _, op := range e.Ops {
				fmt.Fprintf(&b, "persist %s\n", showOp(op))
			}
		case Reply:
			if e.Err != nil {
				fmt.Fprintf(&b, "reply %d: %s: %s\n", e.Ticket, fault.KindOf(e.Err), e.Err)
			} else if e.Job == nil {
				fmt.Fprintf(&b, "reply %d\n", e.Ticket)
			} else {
				fmt.Fprintf(&b, "reply %d: %s\n", e.Ticket, showJob(*e.Job))
			}
		case Left:
			fmt.Fprintf(&b, "left %s\n", e.Agent)
		case Happened:
			fmt.Fprintf(&b, "happened %s\n", strings.Join(strings.Fields(
				e.Event.Kind+" "+e.Event.Subject+" "+e.Event.Text+" "+e.Event.Who), " "))
		}
	}
	return b.String()
}

func showOp(op registry.Op) string {
	switch op := op.(type) {
	case registry.PutJob:
		return "put " + showJob(op.Job)
	case registry.RemoveJob:
		return "remove " + string(op.Job)
	case registry.PutSecret:
		return fmt.Sprintf("put secret %s version %d", op.Secret.Name, op.Secret.Version)
	case registry.RemoveSecret:
		return "remove secret " + op.Name
	}
	return fmt.Sprintf("%T", op)
}

func showJob(j reeveapi.Job) string {
	parts := []string{j.Spec.Name, j.State}
	if j.Stopped {
		parts = append(parts, "stopped")
	}
	for _, i := range j.Instances {
		state := strings.TrimPrefix(i.State, "TASK_")
		if i.Task != "" {
			state = i.Task + "=" + state
		}
		if i.Failed > 0 {
			state += fmt.Sprintf("(failed %d)", i.Failed)
		}
		parts = append(parts, fmt.Sprintf("[%s]", state))
	}
	if j.Waiting != "" {
		parts = append(parts, "waits: "+j.Waiting)
	}
	return strings.Join(parts, " ")
}

func (h *harness) showJobs() string {
	var b strings.Builder
	all := h.state.Jobs()
	for _, name := range sortedKeys(all) {
		fmt.Fprintln(&b, showJob(*all[name]))
	}
	return b.String()
}

func (h *harness) showSecrets() string {
	var b strings.Builder
	for _, s := range h.state.Secrets() {
		fmt.Fprintf(&b, "%s version %d, %d bytes, by %q, key %q readable=%v, jobs %v\n", s.Name, s.Version, s.Size, s.By, s.Key, s.Readable, s.Jobs)
	}
	return b.String()
}

func showCall(c *scheduler.Call) string {
	name := c.GetType().String()
	switch c.GetType() {
	case scheduler.Call_SUBSCRIBE:
		return fmt.Sprintf("%s %s roles=%v suppressed=%v", name, c.GetFrameworkId().GetValue(),
			c.GetSubscribe().GetFrameworkInfo().GetRoles(), c.GetSubscribe().GetSuppressedRoles())
	case scheduler.Call_UPDATE_FRAMEWORK:
		return fmt.Sprintf("%s roles=%v suppressed=%v", name,
			c.GetUpdateFramework().GetFrameworkInfo().GetRoles(), c.GetUpdateFramework().GetSuppressedRoles())
	case scheduler.Call_REVIVE:
		return fmt.Sprintf("%s %v", name, c.GetRevive().GetRoles())
	case scheduler.Call_SUPPRESS:
		return fmt.Sprintf("%s %v", name, c.GetSuppress().GetRoles())
	case scheduler.Call_DECLINE:
		return fmt.Sprintf("%s %s for %vs", name, c.GetDecline().GetOfferIds()[0].GetValue(), c.GetDecline().GetFilters().GetRefuseSeconds())
	case scheduler.Call_ACCEPT:
		return name + " " + c.GetAccept().GetOfferIds()[0].GetValue() + showTasks(c.GetAccept())
	case scheduler.Call_KILL:
		return strings.TrimSpace(fmt.Sprintf("%s %s %s", name, c.GetKill().GetTaskId().GetValue(), c.GetKill().GetAgentId().GetValue()))
	case scheduler.Call_ACKNOWLEDGE:
		return fmt.Sprintf("%s %s %s", name, c.GetAcknowledge().GetTaskId().GetValue(), text(c.GetAcknowledge().GetUuid()))
	case scheduler.Call_RECONCILE:
		var b strings.Builder
		for _, task := range c.GetReconcile().GetTasks() {
			fmt.Fprintf(&b, " %s", task.GetTaskId().GetValue())
			if agent := task.GetAgentId().GetValue(); agent != "" {
				fmt.Fprintf(&b, "@%s", agent)
			}
		}
		if b.Len() == 0 {
			return name + " all"
		}
		return name + b.String()
	default: // nothing in the others is worth a line
		return name
	}
}

func text(uuid []byte) string {
	if strings.ContainsFunc(string(uuid), func(r rune) bool { return r < ' ' || r > '~' }) {
		return hex.EncodeToString(uuid)
	}
	return string(uuid)
}

func showTasks(accept *scheduler.Call_Accept) string {
	var b strings.Builder
	for _, task := range accept.GetOperations()[0].GetLaunch().GetTaskInfos() {
		r, err := resources.FromProto(task.GetResources())
		if err != nil {
			return err.Error()
		}
		var env []string
		for _, v := range task.GetCommand().GetEnvironment().GetVariables() {
			if secret := v.GetSecret(); secret != nil {
				env = append(env, v.GetName()+"=secret:"+secret.GetReference().GetName()+string(secret.GetValue().GetData()))
				continue
			}
			env = append(env, v.GetName()+"="+v.GetValue())
		}
		fmt.Fprintf(&b, "\n  launch %s on %s: %s\n    %s", task.GetTaskId().GetValue(), task.GetAgentId().GetValue(),
			r.Unallocate(), strings.Join(env, " "))
	}
	return b.String()
}
