// Package check decides about the health check and the check of one task: when to look, what an answer means, what the
// framework is told, and when a sick task has to go (spec 3.11). It owns the rules of Mesos's command and default executors
// and is pure: it looks at nothing itself and has no clock. agentd/workload asks it, agentd/prober carries its probes out.
// Start reading at Checks.
package check
