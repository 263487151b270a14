package fake

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// StepDown makes another master lead at once.
func (c *Cluster) StepDown(_ context.Context, to string) (*reeveapi.SteppedDown, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut != nil {
		return nil, c.cut
	}
	masters := append([]reeveapi.Master(nil), c.cluster.Masters...)
	from, next := -1, -1
	for i, m := range masters {
		switch {
		case m.State == reeveapi.MasterLeading:
			from = i
		case next < 0 && to == "" || to != "" && (m.ID == to || m.Name == to):
			next = i
		}
	}
	if from < 0 || next < 0 {
		return nil, fault.New(fault.Conflict, "there is no master %s that could lead", to)
	}
	masters[from].State, masters[next].State = reeveapi.MasterStandby, reeveapi.MasterLeading
	c.ledUntil = map[string]time.Time{masters[from].Name: c.now}
	c.event("MASTER_STEPPED_DOWN", masters[from].Name, masters[from].ID, "", "hands leadership to "+masters[next].Name, "operator")
	c.cluster.Masters, c.cluster.Leader, c.cluster.Term, c.cluster.Elected = masters, masters[next].Name, c.cluster.Term+1, c.now
	c.event("MASTER_ELECTED", masters[next].Name, masters[next].ID, "", "term 15, "+masters[from].Name+" handed over", "")
	c.change()
	c.publish()
	return &reeveapi.SteppedDown{From: masters[from].Name, To: masters[next].Name}, nil
}

// MasterFigures makes up half an hour of a master: a wave that depends on the time alone, so that tests see the same.
func (c *Cluster) MasterFigures(_ context.Context, masterHTTP string, since time.Time) (*reeveapi.MasterFigures, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut != nil {
		return nil, c.cut
	}
	i := slices.IndexFunc(c.cluster.Masters, func(m reeveapi.Master) bool { return m.HTTP == masterHTTP })
	if i < 0 {
		return nil, fault.New(fault.Unavailable, "ask master %s: connection refused", masterHTTP)
	}
	m := c.cluster.Masters[i]
	leads := m.State == reeveapi.MasterLeading
	f := &reeveapi.MasterFigures{
		Name: m.Name, At: c.now, Started: c.cluster.Started, Heap: uint64(205+40*i) << 20, Goroutines: 300 + 40*i, Open: 5 + 6*i, Streams: 2 + 2*i,
		Snapshot: &reeveapi.Snapshot{
			At: c.now.Add(-time.Duration(12+7*i*i) * time.Minute), Term: c.cluster.Term, Index: m.Index - uint64(900+500*i), Size: int64(41+i) << 10,
		},
		Elections: []reeveapi.Election{
			{Term: 13, Leader: "m1", At: c.cluster.Elected.Add(-104 * time.Hour), Before: "m3", Gap: 1.8},
		},
		Samples: []reeveapi.MasterSample{},
	}
	now := c.figures()
	const every = 5 * time.Second
	for at := c.now.Truncate(every).Add(-30*time.Minute + every); !at.After(c.now); at = at.Add(every) {
		if !at.After(since) {
			continue
		}
		wave := 1 + math.Sin(float64(at.Unix()%1800)/1800*6*math.Pi+float64(i))
		s := reeveapi.MasterSample{
			At: at, Entries: math.Round(wave*35) / 50, Requests: math.Round(wave * 10), Latency: 0.004 + 0.012*wave, Fsync: 0.002 + 0.001*wave,
			Gossip: 0.02 + 0.01*wave,
		}
		if leads {
			s.Requests *= 6
			s.Behind = map[string]uint64{"m3": uint64(wave)}
			if at.Add(every).After(c.now) {
				s.Behind["m3"] = 1 // as the list of masters says
			}
		}
		if leads && !at.Before(c.cluster.Elected) || !leads && at.Before(c.ledUntil[m.Name]) {
			s.Cluster = c.usedAt(at, &now)
		}
		f.Samples = append(f.Samples, s)
	}
	return f, nil
}

// usedAt is how much of the cluster was in use at a moment of the last half an hour: what its hosts tell of it, and from
// before they were measured what a slow wave makes of the first that they tell. now has the figures of the whole cluster.
func (c *Cluster) usedAt(at time.Time, now *reeveapi.Cluster) *reeveapi.ClusterSample {
	out := &reeveapi.ClusterSample{Total: now.Total, Allocated: now.Allocated}
	for _, all := range c.hosts {
		i := len(all) - 1 - int(c.now.Sub(at).Seconds())
		part := 1.0
		if i < 0 {
			i, part = 0, 1+0.4*math.Sin(float64(at.Unix())/270)
		}
		out.Used = plus(out.Used, reeveapi.Amounts{CPUs: all[i].CPUs * part, Mem: float64(all[i].MemBytes) * part / (1 << 20), Disk: float64(all[i].DiskBytes) * part / (1 << 20)})
	}
	return out
}

// Members are the masters and the agents: one that the master does not reach is not heard in gossip either.
func (c *Cluster) Members(context.Context) ([]reeveapi.Member, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut != nil {
		return nil, c.cut
	}
	return c.members(), nil
}

func (c *Cluster) members() []reeveapi.Member {
	var all []reeveapi.Member
	member := func(name, kind, http, version, id string, since time.Time) *reeveapi.Member {
		host, _, _ := strings.Cut(http, ":")
		all = append(all, reeveapi.Member{
			Name: name, Kind: kind, State: reeveapi.MemberAlive, Since: since, Address: host + ":7946", HTTP: http, Version: version, ID: id,
			RTTMillis: 0.3 + float64(len(all)*7%11)/10, Answered: c.now.Add(-time.Duration(len(all)%9) * time.Second),
		})
		return &all[len(all)-1]
	}
	for _, e := range c.agents {
		m := member(e.val.Name, reeveapi.KindAgent, e.val.HTTP, e.val.Version, e.val.ID, e.val.Registered)
		switch e.val.State {
		case reeveapi.AgentUnreachable, reeveapi.AgentDisconnected:
			m.State, m.Since, m.Answered = reeveapi.MemberFailed, e.val.Since, e.val.Since
		case reeveapi.AgentGone:
			m.State, m.Since, m.Answered = reeveapi.MemberLeft, e.val.Since, e.val.Since
		}
	}
	for _, v := range c.cluster.Masters {
		m := member(v.Name, reeveapi.KindMaster, v.HTTP, v.Version, v.ID, c.cluster.Started)
		if m.State = v.Gossip; v.State == reeveapi.MasterLeading { // it is the one that answers
			m.RTTMillis, m.Answered, m.Health = 0, time.Time{}, new(0)
		}
	}
	return all
}
