package watchline

import (
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Fields are keys of a task, for whoever needs only some: most of a list of many tasks is what few ask for.
type Fields uint64

// AllFields are all keys of a task.
var AllFields = Fields(1)<<len(taskKeys) - 1

// ParseFields reads names of keys with commas between them, in any order. It fails if a task has no such key.
func ParseFields(text string) (Fields, error) {
	var chosen Fields
	for name := range strings.SplitSeq(text, ",") {
		i := slices.IndexFunc(taskKeys[:], func(k taskKey) bool { return k.name == name })
		if i < 0 {
			var names []string
			for _, k := range taskKeys {
				names = append(names, k.name)
			}
			return 0, fault.New(fault.Invalid, "fields: %q is no key of a task; there are %s, with commas between them", name, strings.Join(names, ", "))
		}
		chosen |= 1 << i
	}
	return chosen, nil
}

// Has says whether any of some keys is among them.
func (f Fields) Has(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		i := slices.IndexFunc(taskKeys[:], func(k taskKey) bool { return k.name == name })
		return i >= 0 && f&(1<<i) != 0
	})
}

// AppendFields appends some keys of a task to out, in the order of AppendTask. It fails as that does.
func AppendFields(out []byte, t *reeveapi.Task, f Fields) ([]byte, error) {
	w := writer{out: out}
	w.fields(t, f)
	return w.out, w.err
}

func (w *writer) task(t *reeveapi.Task) { w.fields(t, AllFields) }

func (w *writer) fields(t *reeveapi.Task, f Fields) {
	begin := len(w.out)
	for i := range taskKeys {
		if f&(1<<i) != 0 {
			taskKeys[i].write(w, t)
		}
	}
	if len(w.out) == begin {
		w.raw("{")
	} else {
		w.out[begin] = '{' // instead of the comma before a key
	}
	w.raw("}")
}

// taskKey is a key of a task, and how it is written with its value and a comma before both; some are not written when empty.
type taskKey struct {
	name  string
	write func(w *writer, t *reeveapi.Task)
}

var taskKeys = [...]taskKey{
	{"id", func(w *writer, t *reeveapi.Task) { w.always(`,"id":`, t.ID) }},
	{"framework", func(w *writer, t *reeveapi.Task) { w.always(`,"framework":`, t.Framework) }},
	{"framework_name", func(w *writer, t *reeveapi.Task) { w.always(`,"framework_name":`, t.FrameworkName) }},
	{"name", func(w *writer, t *reeveapi.Task) { w.always(`,"name":`, t.Name) }},
	{"role", func(w *writer, t *reeveapi.Task) { w.always(`,"role":`, t.Role) }},
	{"executor", func(w *writer, t *reeveapi.Task) { w.always(`,"executor":`, t.Executor) }},
	{"agent", func(w *writer, t *reeveapi.Task) { w.always(`,"agent":`, t.Agent) }},
	{"agent_name", func(w *writer, t *reeveapi.Task) { w.always(`,"agent_name":`, t.AgentName) }},
	{"agent_http", func(w *writer, t *reeveapi.Task) { w.always(`,"agent_http":`, t.AgentHTTP) }},
	{"container", func(w *writer, t *reeveapi.Task) { w.some(`,"container":`, t.Container) }},
	{"state", func(w *writer, t *reeveapi.Task) { w.always(`,"state":`, t.State) }},
	{"message", func(w *writer, t *reeveapi.Task) { w.some(`,"message":`, t.Message) }},
	{"reason", func(w *writer, t *reeveapi.Task) { w.some(`,"reason":`, t.Reason) }},
	{"source", func(w *writer, t *reeveapi.Task) { w.some(`,"source":`, t.Source) }},
	{"healthy", func(w *writer, t *reeveapi.Task) { w.health(t.Healthy) }},
	{"check", func(w *writer, t *reeveapi.Task) { w.some(`,"check":`, t.Check) }},
	{"requested", func(w *writer, t *reeveapi.Task) {
		w.raw(`,"requested":`)
		w.amounts(t.Requested)
	}},
	{"ports", func(w *writer, t *reeveapi.Task) { w.some(`,"ports":`, t.Ports) }},
	{"command", func(w *writer, t *reeveapi.Task) { w.some(`,"command":`, t.Command) }},
	{"image", func(w *writer, t *reeveapi.Task) { w.some(`,"image":`, t.Image) }},
	{"pull", func(w *writer, t *reeveapi.Task) { w.pull(t.Pull) }},
	{"user", func(w *writer, t *reeveapi.Task) { w.some(`,"user":`, t.User) }},
	{"labels", func(w *writer, t *reeveapi.Task) { w.texts(`,"labels":`, t.Labels) }},
	{"env", func(w *writer, t *reeveapi.Task) { w.texts(`,"env":`, t.Env) }},
	{"job", func(w *writer, t *reeveapi.Task) { w.some(`,"job":`, t.Job) }},
	{"sandbox", func(w *writer, t *reeveapi.Task) { w.always(`,"sandbox":`, t.Sandbox) }},
	{"history", func(w *writer, t *reeveapi.Task) { w.history(t.History) }},
	{"launched", func(w *writer, t *reeveapi.Task) {
		w.raw(`,"launched":`)
		w.time(t.Launched)
	}},
	{"ended", func(w *writer, t *reeveapi.Task) { w.ended(t.Ended) }},
}
