// Package mesosv1 holds the messages of the Mesos v1 API, generated from the .proto files beside it, whose numbers are
// those of the wire (spec 2). It has no logic; JSON as Mesos writes it is shared/codec's. Subpackages hold the calls and
// events of each API. Start reading at mesos.proto.
package mesosv1
