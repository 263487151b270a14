package explain

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/overview"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/holding"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
)

// held is what other frameworks keep by offers that they have not answered, by agent.
func (q Question) held() map[ids.Agent][]*cluster.Offer {
	all := map[ids.Agent][]*cluster.Offer{}
	for _, o := range q.View.Offers {
		if o.Framework != q.Framework.ID && holding.Holds(string(o.Framework), o.Made, q.Now) {
			all[o.Agent] = append(all[o.Agent], o)
		}
	}
	return all
}

// heldBack says who holds what an agent lacks, and since when; before begins the text.
func heldBack(before string, held []*cluster.Offer, v *cluster.View) reason {
	r := reason{why: reeveapi.WhyHeld}
	var names []string
	for _, o := range held {
		if name := nameOf(v, o.Framework); !slices.Contains(names, name) {
			names = append(names, name)
		}
		if r.since.IsZero() || o.Made.Before(r.since) {
			r.since = o.Made
		}
	}
	slices.Sort(names)
	r.text = before + "on offer to framework " + strings.Join(names, ", ") + ", not answered yet"
	return r
}

func nameOf(v *cluster.View, id ids.Framework) string {
	if f := v.Frameworks[id]; f != nil {
		return cmp.Or(f.Info.GetName(), string(id))
	}
	return string(id)
}

// Holdings is what frameworks keep by offers that they have not answered, of agents that could be offered.
type Holdings struct {
	view *view.View
	of   map[ids.Agent]*heldAgent
}

// heldAgent is one such agent.
type heldAgent struct {
	free   resources.Vector
	with   resources.Vector // and what is held
	offers []*view.Offer
}

// HoldingsOf looks through the offers of one moment. It needs no loop to stand still.
func HoldingsOf(v *view.View, now time.Time) Holdings {
	h := Holdings{view: v, of: map[ids.Agent]*heldAgent{}}
	for _, o := range v.Offers {
		a := v.Agents[o.Agent]
		if a == nil || !a.Usable() || !holding.Holds(string(o.Framework), o.Made, now) {
			continue
		}
		one := h.of[o.Agent]
		if one == nil {
			free := minus(minus(a.Total.Vector(), a.Allocated.Vector()), a.Offered.Vector())
			one = &heldAgent{free: free, with: free}
			h.of[o.Agent] = one
		}
		for i, n := range o.Resources.Vector() {
			one.with[i] += n
		}
		one.offers = append(one.offers, o)
	}
	return h
}

func minus(a, b resources.Vector) resources.Vector {
	for i := range b {
		a[i] -= b[i]
	}
	return a
}

// Text says who holds what instances that ask so much would fit into, "" if that is nobody. It says since when and not for how long:
// it is part of what a job waits for, which is told again whenever it changes.
func (h Holdings) Text(ask resources.Vector) string {
	var short resources.Vector
	var list []reeveapi.Offer
	for _, one := range h.of {
		if lack := lacks(one.free, ask); lack >= 0 && lacks(one.with, ask) < 0 {
			short[lack] = 1
			for _, o := range one.offers {
				list = append(list, overview.Offer(h.view, o))
			}
		}
	}
	if len(list) == 0 {
		return ""
	}
	need := reeveapi.Amounts{
		CPUs: float64(short[resources.CPUs]), Mem: float64(short[resources.Mem]), Disk: float64(short[resources.Disk]), GPUs: float64(short[resources.GPUs]),
	}
	return holding.Text(holding.ByFramework(list), need, time.Time{}) + "; it fits once that is given back"
}

// lacks is the first resource of which less is there than asked, -1 if there is none.
func lacks(have, ask resources.Vector) int {
	for i := range ask {
		if have[i] < ask[i] {
			return i
		}
	}
	return -1
}
