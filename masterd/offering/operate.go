package offering

import (
	"codeberg.org/reeve/reeve/masterd/allocator"
	"codeberg.org/reeve/reeve/masterd/ledger"
	"codeberg.org/reeve/reeve/masterd/validate"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/operation"
	"codeberg.org/reeve/reeve/shared/resources"
)

// Operate carries out an operator's operation on what no task has of an agent, and takes offers back as far as it needs what
// is in them (spec 3.9). The error is Invalid for what can never be, Conflict for what tasks have, or an agent that is away.
func (d *Desk) Operate(id ids.Agent, op *mesosv1.Offer_Operation, principal, who string) error {
	a := d.Book.Agents[id]
	if a == nil || !a.Present() {
		return fault.New(fault.Invalid, "No agent found with specified ID")
	}
	op = operation.Complete(op, "")
	done, err := validate.Operation(op, validate.OperationContext{
		Principal: principal, Operator: true, Total: a.Total,
		Used:  func(volumes resources.Resources) bool { return d.Book.VolumesUsed(a, volumes) },
		Known: func(string) bool { return false },
	})
	switch {
	case err != nil:
		return fault.New(fault.Invalid, "Invalid %s operation on agent %s: %s", op.GetType(), id, sentence(err))
	case a.Conn == 0:
		return fault.New(fault.Conflict, "agent %s is not connected; try again when it is", id)
	case !a.Total.Minus(a.Allocated.Unallocate()).Contains(done.Consumed):
		return fault.New(fault.Conflict, "agent %s does not have %s free", id, done.Consumed)
	}
	d.free(a, done.Consumed)
	if !d.Operations.ApplyFree(a, op, done, who) {
		return fault.New(fault.Conflict, "agent %s does not have %s free", id, done.Consumed)
	}
	return nil
}

// free takes back offers of an agent until what is needed is in none. What was in them is not offered to the same framework
// at once.
func (d *Desk) free(a *ledger.Agent, needed resources.Resources) {
	d.takeBackShared(a, needed)
	for _, id := range ledger.SortedKeys(a.Offers) {
		if d.Book.Alloc.Free(a.ID).Contains(needed) {
			return
		}
		o := d.Book.Offers[id]
		if has := o.Resources.Unallocate(); !has.Minus(needed).Equal(has) {
			d.rescindFor(o, &allocator.Filter{Until: d.Turn.Now.Add(defaultRefusal)})
		}
	}
}

// takeBackShared takes back the offers of an agent in which a shared volume is that is about to go: it may be in several at once.
func (d *Desk) takeBackShared(a *ledger.Agent, going resources.Resources) {
	shared := going.Unallocate().Shared()
	if shared.Empty() {
		return
	}
	for _, id := range ledger.SortedKeys(a.Offers) {
		o := d.Book.Offers[id]
		if has := o.Resources.Unallocate(); !has.Minus(shared).Equal(has) {
			d.rescind(o)
		}
	}
}

// dropCopies gives back what else of a shared volume that is about to go was in the offers that are being accepted.
func (d *Desk) dropCopies(on *acceptance, pool, shared resources.Resources) resources.Resources {
	var copies resources.Resources
	for _, volume := range shared.Split() {
		for pool.Contains(volume) {
			pool, copies = pool.Minus(volume), copies.Plus(volume)
		}
	}
	if !copies.Empty() {
		d.Book.Alloc.Recover(on.f.ID, on.a.ID, copies, nil)
	}
	return pool
}
