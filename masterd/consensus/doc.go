// Package consensus lets the masters agree: on who leads, and on the registry. It is the only importer of hashicorp/raft
// and its store, and owns their settings, the first election, and who votes. It never looks into the
// ops that it carries (masterd/registry does) and runs nothing of a leadership itself: whoever calls Run gives a function
// that is called, with a context, for each one.
//
//	consensus.go   Open, what may be asked, Close
//	leadership.go  Run: from raft's notices to calls of lead, one at a time
//	voters.go      the first configuration, and keeping it equal to gossip's view of the masters
//	contact.go     how far each master's log is, and when it was last heard of
//	recover.go     the last master of a cluster that lost its majority
//	fsm.go         the registry as raft's state machine
//	identity.go    who this master is: node id and cluster, kept in the work dir
package consensus
