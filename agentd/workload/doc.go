// Package workload is the agent's machine: the frameworks, executors and tasks of one host, and the status updates on
// their way to the frameworks. It owns every decision about them and does nothing itself: what must happen comes out of
// Step as effects, in an order that the daemon keeps (what is saved is on disk before what follows is sent or started).
// The agent itself plays Mesos's command executor for tasks that are a bare command, and its default executor for task groups
// (pod.go); custom executors are containers that speak the executor API.
//
// Start reading at input.go and agentd/turn, which are the machine's protocol, then machine.go. executor.go drives containers
// through agentd/lifecycle, update.go holds the rules of reliable status updates, recover.go rebuilds everything from what
// was saved.
package workload
