// Package localcluster runs a whole cluster on this machine: the real binaries, as processes, on loopback. It serves
// make run, the end-to-end tests and the benchmarks, which all need the same thing: start, wait until it serves, kill one,
// start it again, end everything. It owns the processes and their folders, and knows the daemons only by their flags and
// their addresses.json. Start reading at Start.
package localcluster
