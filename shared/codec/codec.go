package codec

import (
	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/fault"
)

// Codec is one of the two forms. Its value is the media type.
type Codec string

// The forms, by the exact media types that Mesos clients compare byte for byte.
const (
	JSON     Codec = "application/json"
	Protobuf Codec = "application/x-protobuf"
)

// RecordIO is the media type of framed streams; what a record holds is told by Message-Content-Type.
const RecordIO = "application/recordio"

// Limits on what is decoded. Edges that read from strangers limit bodies to much less before they get here.
const (
	maxSize  = 1 << 30
	maxDepth = 100
)

// MediaType is what belongs into Content-Type and Accept.
func (c Codec) MediaType() string { return string(c) }

// Marshal writes a message.
func (c Codec) Marshal(m proto.Message) ([]byte, error) {
	return c.Append(nil, m)
}

// Append writes a message behind what buf already holds.
func (c Codec) Append(buf []byte, m proto.Message) ([]byte, error) {
	if c == JSON {
		return appendMessage(buf, m.ProtoReflect()), nil
	}
	out, err := proto.MarshalOptions{}.MarshalAppend(buf, m)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "encode %s", m.ProtoReflect().Descriptor().FullName())
	}
	return out, nil
}

// Unmarshal overwrites m with what data says. Errors are of kind fault.Invalid and name the field; m is undefined then.
func (c Codec) Unmarshal(data []byte, m proto.Message) error {
	if len(data) > maxSize {
		return fault.New(fault.Invalid, "message of %d bytes is larger than the most allowed, %d", len(data), maxSize)
	}
	if c == JSON {
		if err := unmarshalJSON(data, m); err != nil {
			return fault.Wrap(fault.Invalid, err, "not a valid JSON message")
		}
		return nil
	}
	if err := (proto.UnmarshalOptions{RecursionLimit: maxDepth}).Unmarshal(data, m); err != nil {
		return fault.Wrap(fault.Invalid, err, "not a valid protobuf message")
	}
	if dropUnknownEnums(m.ProtoReflect()) {
		return fault.Wrap(fault.Invalid, proto.CheckInitialized(m), "not a valid protobuf message")
	}
	return nil
}
