package ledger

import (
	"slices"

	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/operation"
	"codeberg.org/reeve/reeve/shared/resources"
)

// ConvertOffered converts what a framework has been offered on an agent, and has not used: what the framework holds of the
// allocator's, and the agent's total.
func (l *Ledger) ConvertOffered(f *Framework, a *Agent, c operation.Conversion) {
	plain := c.Unallocate()
	a.Total = a.Total.Minus(plain.Consumed).Plus(plain.Converted)
	l.Alloc.Convert(f.ID, a.ID, c, a.Total)
	l.TouchAgent(a)
	l.TouchFramework(f)
}

// ConvertFree converts what nobody has of an agent, and reports false, with all as it was, if somebody has some of it.
func (l *Ledger) ConvertFree(a *Agent, c operation.Conversion) bool {
	if !l.Alloc.Free(a.ID).Contains(c.Consumed) {
		return false
	}
	a.Total = a.Total.Minus(c.Consumed).Plus(c.Converted)
	l.Alloc.UpdateAgent(a.ID, a.Total)
	l.TouchAgent(a)
	return true
}

// VolumesUsed says whether a task or an executor holds some of these volumes, which are not allocated.
func (l *Ledger) VolumesUsed(a *Agent, volumes resources.Resources) bool {
	return slices.ContainsFunc(volumes.Split(), a.Allocated.Unallocate().Contains)
}

// PutOperation starts to track an operation, or replaces what is known of it.
func (l *Ledger) PutOperation(op *view.Operation) {
	l.Operations[op.UUID] = op
	l.touchOperations()
}

// DropOperation forgets an operation: whoever had to know how it went does.
func (l *Ledger) DropOperation(op *view.Operation) {
	delete(l.Operations, op.UUID)
	l.emptied = append(l.emptied, op.Agent)
	l.touchOperations()
}

func (l *Ledger) touchOperations() {
	l.views.operations = true
	l.changed = true
}

// OperationOf finds a framework's operation by the id that the framework gave it, nil if there is none.
func (l *Ledger) OperationOf(fw ids.Framework, id string) *view.Operation {
	for _, op := range l.Operations {
		if op.Framework == fw && op.Info.Id != nil && op.Info.GetId().GetValue() == id {
			return op
		}
	}
	return nil
}

// Operates says whether there is an operation of an agent that is not over.
func (l *Ledger) Operates(id ids.Agent) bool {
	for _, op := range l.Operations {
		if op.Agent == id {
			return true
		}
	}
	return false
}

// OperationsWhere lists operations, always in the same order.
func (l *Ledger) OperationsWhere(match func(*view.Operation) bool) []*view.Operation {
	var list []*view.Operation
	for _, uuid := range SortedKeys(l.Operations) {
		if op := l.Operations[uuid]; match(op) {
			list = append(list, op)
		}
	}
	return list
}

// Total is what an agent says it has, with what operations have made of it. validate.Agent has seen that it parses.
func Total(reg *agentlink.Register) resources.Resources {
	list := reg.GetTotal()
	if len(list) == 0 {
		list = reg.GetAgentInfo().GetResources()
	}
	r, err := resources.FromProto(list)
	if err != nil {
		return resources.Resources{}
	}
	return r
}
