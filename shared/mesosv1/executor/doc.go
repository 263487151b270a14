// Package executor holds the executor messages of the Mesos v1 API, generated from the .proto file beside it. It has no logic.
// Start reading at executor.proto.
package executor
