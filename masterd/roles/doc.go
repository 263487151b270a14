// Package roles is what operators say of roles: weights, and quota with its guarantees and limits (spec 2.1.8, 3.9). It owns
// the amounts, the rules that a quota and the tree of all quotas must obey with Mesos's sentences for them, and the forms of
// the wire. It never knows who consumes what: masterd/allocator counts that, masterd/cluster compares, masterd/registry
// stores. Values here are replaced and never changed. Start reading at Settings.
package roles
