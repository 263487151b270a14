// Package adhoc owns the containers that are started through the agent's API beside those of tasks: an operator's shell in a
// task (a session), a command in a running container (nested), and a container of its own without any framework
// (standalone). It keeps what they write for whoever attaches, and how they ended for whoever waits. The workload machine
// knows nothing of them.
//
// A nested container is one more process in its parent, under the parent's limits; it and a session end with their parent,
// and with agentd at the latest; a session also ends with the connection that started it. A standalone container is a real
// one, with a record below the work dir, and is found again by the next agentd.
//
// Start reading at Set.
package adhoc
