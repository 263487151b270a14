// Package term is one leadership of one master, from election to loss. It owns the loop and the machines that turn on it
// (masterd/cluster, and masterd/jobs as a framework of it), carries out their effects, and answers the edges. A term is
// built, run and thrown away; nothing in it is ever reset. It decides nothing: rules are in the machines.
//
//	api.go        what edges call: read it first
//	term.go       New and Run
//	machine.go    the two machines as one
//	effects.go    where each effect goes
//	registrar.go  the one writer of the registry: many changes, one raft entry, one in flight
//	history.go    the newest events, for people
package term
