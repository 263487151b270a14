// Package master holds the master messages of the Mesos v1 API, generated from the .proto file beside it. It has no logic.
// Start reading at master.proto.
package master
