// Package allocator holds the allocator messages of the Mesos v1 API, generated from the .proto file beside it. It has no logic.
// Start reading at allocator.proto.
package allocator
