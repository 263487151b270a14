// Package codec turns Mesos v1 messages into bytes and back, in the two forms that HTTP clients speak: serialized proto2,
// and JSON as Mesos writes it, which is not what protojson writes (spec 2.0). It also decides which form a request has
// and which form its answer gets (spec 1.5).
//
// It knows nothing about HTTP bodies, streams or single messages: shared/recordio frames, edges read and write, and
// validation of what a message says belongs to others. Start reading at Codec.
package codec
