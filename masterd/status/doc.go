// Package status is what becomes of tasks after they were launched and what frameworks are told of it: updates on their
// way, acknowledgements, kills, agents lost with their tasks, reconciliation (spec 3.6 and 3.8). It owns the rules of a
// task's states; the books are masterd/ledger's, and whoever calls decides when. It never launches anything (that is
// masterd/offering) and never changes an agent or a framework. Start reading at Reporter, then Reporter.Apply.
package status
