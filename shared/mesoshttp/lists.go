package mesoshttp

import (
	"fmt"
	"net/http"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"codeberg.org/reeve/reeve/shared/codec"
)

// listing are the messages of the operator APIs, by name, in which Mesos writes a list even if it is empty (spec 2.0).
// Those of the second kind only lead to them.
var listing = map[protoreflect.Name]bool{
	"GetAgents": true, "GetTasks": true, "GetFrameworks": true, "GetExecutors": true,
	"Response": false, "GetState": false, "Event": false, "Subscribed": false,
}

// MarshalListing encodes an answer or event of the operator APIs: as the codec does, but for JSON with the empty lists that
// Mesos writes and readers index without asking.
func MarshalListing(c codec.Codec, m proto.Message) ([]byte, error) {
	if c != codec.JSON {
		return c.Marshal(m)
	}
	return appendListing(nil, m.ProtoReflect())
}

// WriteListing answers with MarshalListing.
func WriteListing(w http.ResponseWriter, r *http.Request, c codec.Codec, m proto.Message) {
	body, err := MarshalListing(c, m)
	if err != nil {
		WriteText(w, r, http.StatusInternalServerError, fmt.Sprintf("failed to encode the answer: %v", err))
		return
	}
	Write(w, r, http.StatusOK, c.MediaType(), body)
}

func appendListing(buf []byte, m protoreflect.Message) ([]byte, error) {
	empties, ok := listing[m.Descriptor().Name()]
	if !ok {
		return codec.JSON.Append(buf, m.Interface())
	}
	// what is no message is encoded by a copy that holds nothing else
	plain := m.New()
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		if fd := fields.Get(i); fd.Message() == nil && m.Has(fd) {
			plain.Set(fd, m.Get(fd))
		}
	}
	buf, err := codec.JSON.Append(buf, plain.Interface())
	if err != nil {
		return nil, err
	}
	buf = buf[:len(buf)-1] // reopen the object
	for i := range fields.Len() {
		fd := fields.Get(i)
		if fd.Message() == nil {
			continue
		}
		if buf, err = appendListingField(buf, m, fd, empties); err != nil {
			return nil, err
		}
	}
	return append(buf, '}'), nil
}

// appendListingField appends one member that is a message or a list of them.
func appendListingField(buf []byte, m protoreflect.Message, fd protoreflect.FieldDescriptor, empties bool) ([]byte, error) {
	deprecated := fd.Options().(interface{ GetDeprecated() bool }).GetDeprecated()
	if !m.Has(fd) && (!empties || !fd.IsList() || deprecated) {
		return buf, nil
	}
	if buf[len(buf)-1] != '{' {
		buf = append(buf, ',')
	}
	buf = append(append(append(buf, '"'), fd.Name()...), '"', ':')
	if !fd.IsList() {
		return appendListing(buf, m.Get(fd).Message())
	}
	buf = append(buf, '[')
	list := m.Get(fd).List()
	for i := range list.Len() {
		if i > 0 {
			buf = append(buf, ',')
		}
		var err error
		if buf, err = codec.JSON.Append(buf, list.Get(i).Message().Interface()); err != nil {
			return nil, err
		}
	}
	return append(buf, ']'), nil
}
