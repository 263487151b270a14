// Package maintenance holds the maintenance messages of the Mesos v1 API, generated from the .proto file beside it. It has no logic.
// Start reading at maintenance.proto.
package maintenance
