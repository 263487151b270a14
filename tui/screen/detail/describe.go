package detail

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

func (d *description) task(snap *store.Snapshot, t *reeveapi.Task) {
	d.section("TASK")
	d.fact("name", t.Name)
	d.fact("id", t.ID)
	d.fact("state", t.State)
	d.fact("why", strings.TrimSpace(t.Message+"  "+strings.ToLower(strings.TrimPrefix(t.Reason, "REASON_"))))
	if t.Healthy != nil {
		d.fact("healthy", map[bool]string{true: "yes", false: "no"}[*t.Healthy])
	}
	d.fact("check", t.Check)
	d.when("launched", t.Launched)
	d.when("ended", t.Ended)
	d.fact("ran", label.Ran(t, d.now))

	d.section("WHERE AND WHOSE")
	d.fact("framework", t.FrameworkName+"  "+t.Framework)
	d.fact("role", t.Role)
	d.fact("job", t.Job)
	d.fact("agent", t.AgentName+"  "+t.Agent)
	d.fact("executor", t.Executor)
	d.fact("container", t.Container)
	d.fact("sandbox", t.Sandbox)

	d.section("WHAT IT RUNS")
	d.fact("command", t.Command)
	d.fact("image", t.Image)
	d.fact("user", t.User)
	d.amounts("resources", t.Requested)
	d.fact("ports", t.Ports)
	d.pairs("ENVIRONMENT", t.Env)
	d.pairs("LABELS", t.Labels)

	d.section("STATES")
	for _, step := range t.History {
		d.fact(label.Clock(d.now, step.At), strings.TrimSpace(strings.TrimPrefix(step.State, "TASK_")+"  "+step.Message))
	}
	d.events(snap, store.TaskKey(t))
}

func (d *description) agent(snap *store.Snapshot, a *reeveapi.Agent) {
	d.section("AGENT")
	d.fact("name", a.Name)
	d.fact("id", a.ID)
	d.fact("address", a.HTTP)
	d.fact("state", a.State+" for "+gauge.Since(d.now, a.Since))
	d.fact("why", a.Reason)
	d.fact("drain", label.Drain(a.Drain))
	d.fact("version", a.Version)
	d.when("registered", a.Registered)
	d.when("again", a.Reregistered)
	d.pairs("ATTRIBUTES", a.Attributes)

	d.section("RESOURCES")
	d.amounts("total", a.Total)
	d.amounts("allocated", a.Allocated)
	d.amounts("offered", a.Offered)
	d.fact("ports", a.Ports)
	if u := a.Usage; u != nil {
		d.section("USED, AS MEASURED")
		d.fact("cpus", fmt.Sprintf("%.2f, load %.2f", u.CPUs, u.Load1))
		d.fact("memory", gauge.Bytes(u.MemBytes)+" of "+gauge.Bytes(u.MemTotalBytes))
		d.fact("disk", gauge.Bytes(u.DiskBytes)+" of "+gauge.Bytes(u.DiskTotalBytes))
		d.when("at", u.At)
	}
	d.section("TASKS")
	active := 0
	for _, t := range snap.Tasks.Rows() {
		if t.Agent == a.ID && t.Ended.IsZero() {
			active++
			d.fact(strings.ToLower(strings.TrimPrefix(t.State, "TASK_")), label.Name(t)+"  of "+t.FrameworkName)
		}
	}
	if active == 0 {
		d.fact("active", "none")
	}
	d.events(snap, a.ID)
}

func (d *description) framework(snap *store.Snapshot, f *reeveapi.Framework) {
	d.section("FRAMEWORK")
	d.fact("name", f.Name)
	d.fact("id", f.ID)
	d.fact("state", f.State)
	d.fact("user", f.User)
	d.fact("principal", f.Principal)
	d.fact("host", f.Hostname)
	d.fact("web page", f.WebUI)
	d.fact("roles", strings.Join(f.Roles, ", "))
	d.fact("suppressed", strings.Join(f.Suppressed, ", "))
	d.fact("capabilities", strings.Join(f.Capabilities, ", "))
	d.when("registered", f.Registered)
	d.when("again", f.Reregistered)
	switch f.State {
	case reeveapi.FrameworkInactive:
		d.when("lost", f.Since)
	case reeveapi.FrameworkActive:
		d.when("connected", f.Since)
	default:
	}
	if f.Failover > 0 {
		d.fact("may be away", gauge.Age(time.Duration(f.Failover*float64(time.Second))))
	}
	d.when("ended", f.Ended)

	d.section("RESOURCES")
	d.amounts("allocated", f.Allocated)
	d.amounts("offered", f.Offered)
	d.fact("offers", fmt.Sprintf("%d open", f.Offers))
	d.section("TASKS BY STATE")
	d.counts(f.Tasks)
	d.events(snap, f.ID)
}

func (d *description) role(snap *store.Snapshot, r *reeveapi.Role) {
	d.section("ROLE")
	d.fact("name", r.Name)
	d.fact("weight", fmt.Sprintf("%g", r.Weight))
	d.fact("share", gauge.Percent(r.Share))
	for _, id := range r.Frameworks {
		if f := snap.Frameworks.Get(id); f != nil {
			d.fact("framework", f.Name+"  "+id)
		}
	}
	d.section("QUOTA")
	d.amounts("consumed", r.Consumed)
	d.fact("guaranteed", label.Or(r.Guarantee.String(), "nothing"))
	d.fact("at most", label.Or(r.Limit.String(), "no limit"))
	d.section("WITH THE ROLES BELOW IT")
	d.amounts("allocated", r.Allocated)
	d.amounts("offered", r.Offered)
	d.amounts("reserved", r.Reserved)
	d.events(snap, r.Name)
}

func (d *description) job(j *reeveapi.Job) {
	d.section("JOB")
	d.fact("name", j.Spec.Name)
	d.fact("state", j.State)
	d.fact("waits for", j.Waiting)
	d.fact("by", j.By)
	d.when("submitted", j.Submitted)
	d.when("ended", j.Ended)
	d.generic("AS SUBMITTED", j.Spec)
	d.section("INSTANCES")
	for _, i := range j.Instances {
		text := strings.TrimPrefix(i.State, "TASK_")
		if text == "" {
			text = "not launched yet"
		}
		if i.Attempt > 0 {
			text += fmt.Sprintf(", attempt %d", i.Attempt+1)
		}
		d.fact(fmt.Sprint(i.Index), strings.TrimSpace(text+"  "+i.Task+"  "+i.Message))
	}
}

func (d *description) event(e *reeveapi.Event) {
	d.section("EVENT")
	d.fact("kind", e.Kind)
	d.when("at", e.At)
	d.fact("about", e.Subject)
	d.fact("id", e.ID)
	d.fact("agent", e.Agent)
	d.fact("who", e.Who)
	d.fact("detail", e.Text)
}

// generic writes a record's fields by their names in the API.
func (d *description) generic(title string, value any) {
	d.section(title)
	data, err := json.Marshal(value)
	if err != nil {
		d.fact("!", err.Error())
		return
	}
	var node yaml.Node
	if err := yaml.Unmarshal(data, &node); err != nil || len(node.Content) == 0 {
		return
	}
	d.fields("", node.Content[0])
}

func (d *description) fields(prefix string, n *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, v := prefix+strings.ReplaceAll(n.Content[i].Value, "_", " "), n.Content[i+1]
		switch v.Kind {
		case yaml.MappingNode:
			d.fields(name+" ", v)
		case yaml.SequenceNode:
			for _, c := range v.Content {
				if c.Kind == yaml.ScalarNode {
					d.fact(name, c.Value)
				} else {
					d.fields(name+" ", c)
				}
			}
		default:
			d.fact(name, v.Value)
		}
	}
}
