// Package quota holds the quota messages of the Mesos v1 API, generated from the .proto file beside it. It has no logic.
// Start reading at quota.proto.
package quota
