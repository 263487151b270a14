// Package placement judges where instances of a job may go and where they are best put: constraints on agents, and the
// order of agents that fit. It owns the rules and their sentences; it keeps no state, sees no offer and no clock.
// What instances a job has where is told to it as a Tally. Start reading at Rules.
package placement
