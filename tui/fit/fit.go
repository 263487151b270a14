// Package fit counts how many instances would fit on the agents: now, and once frameworks give back what they have on offer. It is
// what the form shows while one types; the master's own plan (reeve run --dry-run) also knows constraints, ports and reservations.
// Start reading at Look, then Room.Count.
package fit

import (
	"time"

	"codeberg.org/reeve/reeve/shared/holding"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/store"
)

// Room is what the agents have left at a moment.
type Room struct {
	Agents []Agent // all, as the snapshot lists them
	seen   *store.Snapshot
	at     time.Time
}

// Agent is one of them.
type Agent struct {
	*reeveapi.Agent
	Free   reeveapi.Amounts // nobody has it, and nobody holds it
	Held   reeveapi.Amounts // by frameworks that have not answered what they were offered
	Offers []reeveapi.Offer // that hold it
}

// Look finds what is left. old is what an earlier look found, nil for none: it is the answer if nothing has changed.
func Look(s *store.Snapshot, now time.Time, old *Room) *Room {
	now = now.Truncate(time.Second)
	if old != nil && old.seen == s && old.at.Equal(now) {
		return old
	}
	held := map[string][]reeveapi.Offer{}
	for _, o := range s.Offers.Rows() {
		if holding.Holds(o.Framework, o.Made, now) {
			held[o.Agent] = append(held[o.Agent], *o)
		}
	}
	r := &Room{seen: s, at: now, Agents: make([]Agent, 0, s.Agents.Len())}
	for _, a := range s.Agents.Rows() {
		one := Agent{Agent: a, Offers: held[a.ID]}
		for _, o := range one.Offers {
			one.Held = sum(one.Held, o.Resources, 1)
		}
		one.Free = sum(sum(a.Total, a.Allocated, -1), one.Held, -1)
		r.Agents = append(r.Agents, one)
	}
	return r
}

// sum is a and sign times b.
func sum(a, b reeveapi.Amounts, sign float64) reeveapi.Amounts {
	return reeveapi.Amounts{CPUs: a.CPUs + sign*b.CPUs, Mem: a.Mem + sign*b.Mem, Disk: a.Disk + sign*b.Disk, GPUs: a.GPUs + sign*b.GPUs}
}

// most is the larger one of each.
func most(a, b reeveapi.Amounts) reeveapi.Amounts {
	return reeveapi.Amounts{CPUs: max(a.CPUs, b.CPUs), Mem: max(a.Mem, b.Mem), Disk: max(a.Disk, b.Disk), GPUs: max(a.GPUs, b.GPUs)}
}

const dust = 1e-6 // amounts are in thousandths, sums of floats are not

// Times is how often need fits into what there is, at most limit.
func Times(has, need reeveapi.Amounts, limit int) int {
	for _, pair := range [][2]float64{{has.CPUs, need.CPUs}, {has.Mem, need.Mem}, {has.Disk, need.Disk}, {has.GPUs, need.GPUs}} {
		if pair[1] > 0 {
			limit = min(limit, int((pair[0]+dust)/pair[1]))
		}
	}
	return max(limit, 0)
}

// Takes is how many of up to limit instances an agent has room for now, and how many more together with what is held.
func (a *Agent) Takes(need reeveapi.Amounts, limit int) (now, later int) {
	if a.State != reeveapi.AgentActive {
		return 0, 0
	}
	now = Times(a.Free, need, limit)
	if len(a.Offers) > 0 {
		later = Times(sum(a.Free, a.Held, 1), need, limit) - now
	}
	return now, later
}

// Totals is what is left in all.
type Totals struct {
	Free    reeveapi.Amounts // in all
	Largest reeveapi.Amounts // of each, the most that an agent has free
	Ever    reeveapi.Amounts // and the most together with what is held
}

// Totals sums up.
func (r *Room) Totals() (t Totals) {
	for i := range r.Agents {
		if a := &r.Agents[i]; a.State == reeveapi.AgentActive {
			t.Free, t.Largest, t.Ever = sum(t.Free, a.Free, 1), most(t.Largest, a.Free), most(t.Ever, sum(a.Free, a.Held, 1))
		}
	}
	return t
}

// Count is how many of the wanted instances fit.
type Count struct {
	Now     int
	Later   int               // more, once the holders give back what they have on offer
	Holders []reeveapi.Holder // who holds what those would go into
	Short   reeveapi.Amounts  // what is asked of the resources that are short there
}

// short is what need is about of the resources of which there is too little for so many.
func short(has, need reeveapi.Amounts, n int) (of reeveapi.Amounts) {
	keep := func(has, need float64) float64 {
		if need > 0 && has+dust < need*float64(n) {
			return need
		}
		return 0
	}
	return reeveapi.Amounts{CPUs: keep(has.CPUs, need.CPUs), Mem: keep(has.Mem, need.Mem), Disk: keep(has.Disk, need.Disk), GPUs: keep(has.GPUs, need.GPUs)}
}

// Count counts n instances that need this much.
func (r *Room) Count(need reeveapi.Amounts, n int) (c Count) {
	for i := range r.Agents {
		now, _ := r.Agents[i].Takes(need, n-c.Now)
		c.Now += now
	}
	var offers []reeveapi.Offer
	for i := range r.Agents {
		if c.Now+c.Later == n {
			break
		}
		a := &r.Agents[i]
		if now, later := a.Takes(need, n); later > 0 {
			c.Later, offers = min(c.Later+later, n-c.Now), append(offers, a.Offers...)
			c.Short = most(c.Short, short(a.Free, need, now+1))
		}
	}
	c.Holders = holding.ByFramework(offers)
	return c
}
