// Package client speaks our HTTP APIs from the other side: the Mesos v1 scheduler and operator API and /reeve/v1 of the
// leading master, and what agents serve about their tasks. The console, the command line, the tests and the simulation use
// it, so that none of them knows a path. It finds the leader by itself and waits while there is none.
//
// It keeps no copy of anything it was told, and it never repeats a request that may have taken effect. Every error is a
// *fault.Error whose text was written for people by the other side, where there was one.
// Start reading at Client.
package client
