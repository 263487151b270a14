// Package resources owns the arithmetic of what agents have and tasks use: CPUs, memory, disk, GPUs, ports and whatever
// else an operator names (spec 3.5). Amounts are thousandths in int64, so that sums never drift; ranges are coalesced;
// sets hold each item once. Two amounts merge only if their class agrees: name, type, the role they are allocated to,
// the whole stack of reservations, disk, revocability, provider and sharedness.
//
// It reads and writes the wire form (old and new), the text of --resources and --attributes, and the form that legacy
// endpoints print. It never decides who gets what, and it does no I/O: callers read file:// themselves.
// Start reading at Resources.
package resources
