// Package registry is what survives every master: which agents were admitted, are unreachable or gone, the
// weights and quotas of roles, and the jobs. It owns the State, the Ops that change it and their encoding in the raft log
// and in snapshots. It never sees raft (that is masterd/consensus), a clock or a random number: two masters that apply the
// same ops hold the same State, byte for byte.
// Tasks, frameworks and offers are not here: a new leader learns them from agents and frameworks.
// Start reading at Op, then State.
package registry
