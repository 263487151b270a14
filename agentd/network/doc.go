// Package network owns the networks of containers that are not the host's: a network namespace for each container or pod,
// what CNI plugins made for it, and a record of both, so that all of it is undone in the end, whoever has died meanwhile. It
// is the only importer of libcni. It starts no container and does not know what one is asked for; agentd/shimclient calls it
// around a launch.
//
//	namespace.go  the namespaces, as files in the runtime directory
//	config.go     the networks that there are: the operator's files, and a bridge of the agent's own
//	network.go    joining and leaving
//	traffic.go    what goes through a network
//	names.go      what a container finds in /etc
//	record.go     what has to be undone
//
// Start reading at Networks.Join.
package network
