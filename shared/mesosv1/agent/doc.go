// Package agent holds the agent messages of the Mesos v1 API, generated from the .proto file beside it. It has no logic.
// Start reading at agent.proto.
package agent
