package mesoshttp

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"codeberg.org/reeve/reeve/shared/codec"
)

// decodeText says what is wrong with a body in the words that Mesos uses. It runs for refused bodies only and may look at
// them again.
func decodeText(c codec.Codec, body []byte, call proto.Message, cause error) string {
	if c == codec.JSON {
		var raw json.RawMessage
		if syntax, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(body, &raw)); ok {
			return "Failed to parse body into JSON: " + syntaxText(body, syntax)
		}
	}
	what := "Failed to convert JSON into Call protobuf: "
	if c == codec.Protobuf {
		what = "Failed to parse body into Call protobuf: "
	}
	if missing := missingFields(nil, "", call.ProtoReflect()); len(missing) > 0 {
		return what + "Missing required fields: " + strings.Join(missing, ", ")
	}
	if inner := errors.Unwrap(cause); inner != nil {
		cause = inner
	}
	return what + cause.Error()
}

// nearMax bounds how much of a refused body is repeated to its sender.
const nearMax = 64

// syntaxText names the line and what stands there.
func syntaxText(body []byte, err *json.SyntaxError) string {
	text := string(body)
	at := min(len(text), int(err.Offset))
	if at > 0 && !strings.HasPrefix(err.Error(), "unexpected end") {
		at-- // the offset counts the byte that was refused
	}
	line := 1 + strings.Count(text[:at], "\n")
	near, _, _ := strings.Cut(text[at:], "\n")
	if len(near) > nearMax {
		near = near[:nearMax]
	}
	return fmt.Sprintf("syntax error at line %d near: %s", line, near)
}

// missingFields lists the required fields that are not set, by path: those of a message before those of its parts.
func missingFields(found []string, prefix string, m protoreflect.Message) []string {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		if fd := fields.Get(i); fd.Cardinality() == protoreflect.Required && !m.Has(fd) {
			found = append(found, prefix+string(fd.Name()))
		}
	}
	for i := range fields.Len() {
		fd := fields.Get(i)
		if fd.Message() == nil || !m.Has(fd) || fd.IsMap() {
			continue
		}
		name := prefix + string(fd.Name())
		if !fd.IsList() {
			found = missingFields(found, name+".", m.Get(fd).Message())
			continue
		}
		list := m.Get(fd).List()
		for j := range list.Len() {
			found = missingFields(found, fmt.Sprintf("%s[%d].", name, j), list.Get(j).Message())
		}
	}
	return found
}
