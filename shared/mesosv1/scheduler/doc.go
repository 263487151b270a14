// Package scheduler holds the scheduler messages of the Mesos v1 API, generated from the .proto file beside it. It has no logic.
// Start reading at scheduler.proto.
package scheduler
