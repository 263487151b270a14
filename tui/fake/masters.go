package fake

import (
	"context"

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
	c.event("MASTER_STEPPED_DOWN", masters[from].Name, masters[from].ID, "", "hands leadership to "+masters[next].Name, "operator")
	c.cluster.Masters, c.cluster.Leader, c.cluster.Term, c.cluster.Elected = masters, masters[next].Name, c.cluster.Term+1, c.now
	c.event("MASTER_ELECTED", masters[next].Name, masters[next].ID, "", "term 15, "+masters[from].Name+" handed over", "")
	c.change()
	c.publish()
	return &reeveapi.SteppedDown{From: masters[from].Name, To: masters[next].Name}, nil
}
