// Package overview turns a cluster.View into the words of /reeve/v1, for people: agents, frameworks and tasks with what is
// known of them, and the differences between two views for whoever watches. It owns the mapping and the comparison; it
// never waits and knows no HTTP. Entities of a view are replaced when they change, so comparing pointers finds what did.
//
//	entity.go   one agent, framework or task
//	cluster.go  the figures of the whole
//	watch.go    a Watcher: snapshot first, then differences
package overview
