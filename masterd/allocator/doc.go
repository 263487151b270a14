// Package allocator decides which framework is offered which agent: weighted dominant-resource fairness over the tree of
// roles and then over the frameworks of a role (spec 3.4). It owns the accounting of what is allocated (offered or used) to
// whom on which agent, the decline filters, and the set of agents worth looking at again. It never sees an offer's id, a
// stream, a clock or a source of randomness of its own; the cluster machine calls it and turns Allocations into offers.
//
// What it promises:
//
//   - Accounting. For every agent, free = total − allocated after every call; resources are never offered twice, but
//     for shared ones, which are in nobody's account.
//   - Order. Each agent goes to the eligible client with the smallest weighted dominant share of that moment, so while every
//     client takes what it is offered, two clients that are always eligible differ by at most the share of one largest
//     agent. Shares count scalars only (ports are never scarce as a kind) and are measured against totals that are at most
//     1 % old, so that ten thousand agents can register without ten thousand re-sorts.
//   - Nobody starves by ties. Equal shares are broken by who was offered less often, then by name.
//   - Work is bounded. Slice looks at no more agents than it is told to, in an order drawn from the injected source; equal
//     seeds and equal calls give equal offers.
//
// Nothing happens on a timer of its own: an agent is looked at when it gained resources, when somebody became able to take
// it, or when a filter on it ran out.
//
// Strings stop at the edge of the package: agents, leaves (a framework in a role) and tree nodes are dense indices, and the
// hot path compares [5]int64. Whatever is not a plain unreserved quantity stays in resources.Resources beside the vector.
//
//	allocator.go   New, the struct, the small questions
//	agent.go       agents and their accounting
//	framework.go   frameworks, their leaves, suppression
//	tree.go        shares: the sorted role tree
//	quota.go       guarantees and limits
//	bar.go         agents that a framework can't have: constraints, regions
//	explain.go     why an agent is not offered
//	filter.go      declines that are remembered
//	slice.go       the pass itself: start reading at Slice
package allocator
