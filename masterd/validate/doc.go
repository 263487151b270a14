// Package validate has the checks of what comes from outside that need no more than the thing itself and a few facts that
// the caller knows: calls, frameworks, agents, tasks (spec 3.1, 3.3, 3.4). It owns the sentences that people and
// frameworks read when something is refused: each names the value, the rule, and where it helps the way out. Sentences
// that clients of Mesos compare are Mesos's own. It changes nothing and knows no state.
// Start reading at Call, then Task.
package validate
