// Package crowd is a cluster that is made up: any number of tasks on as many agents as they need, of which any number
// change every second. It stands behind the real edge (masterd/httpapi), so that what readers of a large cluster cost,
// and what they do, can be measured without one. It owns the making up; it never decides what readers are told. Nothing
// happens in it but when somebody looks: then everything happens that was due. Start reading at Crowd.
package crowd

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/httpapi"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
)

// What a crowd is made of.
const (
	perAgent   = 100  // tasks
	frameworks = 5    // that all tasks belong to
	keptEnded  = 1000 // a framework, as in a master
	keptEvents = 2000 // as in a master
	usageEvery = time.Second
)

// Options say how large a crowd is.
type Options struct {
	Tasks     int     // that have not ended, at any time
	PerSecond float64 // changes
	Seed      uint64
}

// Crowd is a term of a made-up leader: as much of one as readers ask for. What they do not ask for panics.
type Crowd struct {
	httpapi.Term

	options Options
	elected time.Time
	done    chan struct{}
	total   resources.Resources // of an agent
	need    resources.Resources // of a task
	command *mesosv1.CommandInfo

	mu       sync.Mutex // guards the fields below
	random   *rand.Rand
	at       time.Time // until when everything has happened
	view     *cluster.View
	active   []ids.Task // those that have not ended
	launched int
	newest   uint64 // Seq of the newest event
	events   []reeveapi.Event
}

// New makes a crowd up, in which most tasks run.
func New(o Options, now time.Time) *Crowd {
	c := &Crowd{
		options: o, elected: now, at: now, done: make(chan struct{}), random: rand.New(rand.NewPCG(o.Seed, 7)),
		total: resources.MustParse("cpus:64;mem:262144;disk:1048576;ports:[31000-32000]"), need: resources.MustParse("cpus:0.5;mem:256;disk:64"),
		command: &mesosv1.CommandInfo{Value: new("exec ./serve --listen=$PORT0 --config=conf/app.yaml"), User: new("www-data")},
		view: &cluster.View{
			Version: 1, Agents: map[ids.Agent]*cluster.Agent{}, Frameworks: map[ids.Framework]*cluster.Framework{}, Offers: map[ids.Offer]*cluster.Offer{},
		},
	}
	for i := range max((o.Tasks+perAgent-1)/perAgent, 1) {
		c.addAgent(i)
	}
	for i := range frameworks {
		c.addFramework(i)
	}
	for i := range o.Tasks {
		id := c.launch(c.view.Frameworks[frameworkID(i%frameworks)])
		f := c.view.Frameworks[id.Framework]
		for range 2 { // staging, starting, running
			f.Tasks[id.ID] = c.next(f.Tasks[id.ID])
		}
	}
	return c
}

// master is what the ids begin with.
const master = "5b1c9f2e-1111-4c0a-9d55-0c1d2e3f4a5b"

func agentID(i int) ids.Agent { return ids.Agent(fmt.Sprintf("%s-S%d", master, i)) }

func frameworkID(i int) ids.Framework { return ids.Framework(fmt.Sprintf("%s-%04d", master, i)) }

func (c *Crowd) addAgent(i int) {
	host := fmt.Sprintf("node-%03d", i+1)
	c.view.Agents[agentID(i)] = &cluster.Agent{
		ID: agentID(i), HTTP: fmt.Sprintf("127.9.%d.%d:9", i/250, i%250+1), Version: "0.1.0", BootID: "b", State: cluster.AgentActive,
		Info:  &mesosv1.AgentInfo{Hostname: &host, Attributes: []*mesosv1.Attribute{textAttribute("rack", fmt.Sprintf("r%d", i%8))}},
		Since: c.at.Add(-22 * time.Hour), Registered: c.at.Add(-22 * time.Hour), Conn: cluster.ConnID(i + 1), Total: c.total, Tasks: perAgent,
	}
}

func textAttribute(name, text string) *mesosv1.Attribute {
	return &mesosv1.Attribute{Name: &name, Type: mesosv1.Value_TEXT.Enum(), Text: &mesosv1.Value_Text{Value: &text}}
}

func (c *Crowd) addFramework(i int) {
	name := [...]string{"marathon", "aurora", "spark-etl", "chronos", "jenkins"}[i%5]
	c.view.Frameworks[frameworkID(i)] = &cluster.Framework{
		ID: frameworkID(i), Info: &mesosv1.FrameworkInfo{Name: &name, User: new("root"), Hostname: new("node-001")},
		State: cluster.FrameworkActive, Stream: cluster.StreamID(fmt.Sprint("stream-", i)), Roles: []string{"prod"}, Registered: c.at.Add(-21 * time.Hour),
		Tasks: map[string]*cluster.Task{},
	}
}

// Number is 1: there was no term before.
func (c *Crowd) Number() uint64 { return 1 }

// Elected is when the crowd was made up.
func (c *Crowd) Elected() time.Time { return c.elected }

// Done never comes.
func (c *Crowd) Done() <-chan struct{} { return c.done }

// Operators is none.
func (c *Crowd) Operators() int { return 0 }

// Load is none.
func (c *Crowd) Load(context.Context) cluster.Load { return cluster.Load{} }

// Jobs are none.
func (c *Crowd) Jobs(context.Context) ([]reeveapi.Job, error) { return nil, nil }

// Note forgets.
func (c *Crowd) Note(reeveapi.Event) {}

// Usage is the same of all agents, measured a moment ago.
func (c *Crowd) Usage(ids.Agent) (*agentlink.HostUsage, time.Time, bool) {
	const gb = 1 << 30
	return &agentlink.HostUsage{Cpus: 31.5, Load1: 30, MemBytes: 120 * gb, MemTotalBytes: 256 * gb, DiskBytes: 300 * gb, DiskTotalBytes: 1024 * gb},
		time.Now().Truncate(usageEvery), true
}

// Events are those after a number that are still known.
func (c *Crowd) Events(since uint64) []reeveapi.Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	oldest := c.newest - uint64(len(c.events))
	return append([]reeveapi.Event(nil), c.events[min(max(since, oldest)-oldest, uint64(len(c.events))):]...)
}

// View lets happen what is due, and answers the state of this moment.
func (c *Crowd) View(context.Context) (*cluster.View, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance(time.Now())
	return c.view, nil
}
