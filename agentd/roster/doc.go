// Package roster is what is on a host, as the machine of the agent (agentd/workload) knows it: frameworks, runs of their
// executors, and tasks; how they are found, and in which form they are saved. It decides nothing: no phase, state or deadline
// is changed here, and there is no I/O. Start reading at Framework.
package roster
