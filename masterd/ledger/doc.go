// Package ledger is who has what: the agents, frameworks, tasks, executors and offers of a term, and what each holds of
// which agent. It owns the maps, their indexes, the sums and the Views made of them, and it tells the allocator what comes
// back, so that the two never disagree. It decides nothing and tells nobody: the rules are in masterd/cluster and
// masterd/offering, which may read every field and change them only by the methods here, or touch what they changed.
// It is for one goroutine. Start reading at Ledger.
package ledger
