package client

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/fault"
)

// maxAnswer is the largest answer that is read: the state of a very large cluster.
const maxAnswer = 1 << 30

// readPrefixes mark the operator calls that change nothing.
var readPrefixes = [...]string{"GET_", "LIST_", "READ_"}

// callRequest puts a Mesos call into a request.
func callRequest(path string, c codec.Codec, call proto.Message) (request, error) {
	body, err := c.Marshal(call)
	if err != nil {
		return request{}, err
	}
	return request{
		method: http.MethodPost, path: path, body: body,
		header: http.Header{"Content-Type": {c.MediaType()}, "Accept": {c.MediaType()}},
	}, nil
}

// document is an answer that was read to its end.
type document struct {
	kind string // its Content-Type
	body []byte
}

// leadFor and askFor are lead and ask for answers that end.
func (c *Client) leadFor(ctx context.Context, r request) (document, error) {
	answer, err := c.lead(ctx, r)
	if err != nil {
		return document{}, err
	}
	defer func() { _ = answer.Body.Close() }() // nothing was written
	return read(answer)
}

func (c *Client) askFor(ctx context.Context, agent string, r request) (document, error) {
	answer, err := c.ask(ctx, agent, r)
	if err != nil {
		return document{}, err
	}
	defer func() { _ = answer.Body.Close() }() // nothing was written
	return read(answer)
}

func read(answer *http.Response) (document, error) {
	var body bytes.Buffer
	if n := answer.ContentLength; n > 0 {
		body.Grow(int(min(n, roomAtOnce)) + bytes.MinRead)
	}
	if _, err := body.ReadFrom(io.LimitReader(answer.Body, maxAnswer+1)); err != nil {
		return document{}, fault.Wrap(fault.Unavailable, err, "the answer broke off")
	}
	if body.Len() > maxAnswer {
		return document{}, fault.New(fault.Exhausted, "the answer is larger than %d bytes", maxAnswer)
	}
	return document{answer.Header.Get("Content-Type"), body.Bytes()}, nil
}

// roomAtOnce is how much memory is made ready because a peer says that so much will come.
const roomAtOnce = 32 << 20

// message decodes a Mesos message. No body at all leaves m as it is: calls that change something are answered with 202
// and nothing.
func (d document) message(m proto.Message) error {
	if len(d.body) == 0 {
		return nil
	}
	form, err := formOf(d.kind)
	if err != nil {
		return err
	}
	return unreadable(form.Unmarshal(d.body, m))
}

// formOf says how an answer or a stream of that type is decoded.
func formOf(contentType string) (codec.Codec, error) {
	form, ok := codec.FromContentType(contentType)
	if !ok {
		return "", fault.New(fault.Internal, "the answer is of type %q, which is no form of a Mesos message", contentType)
	}
	return form, nil
}

// decode reads JSON. No body at all is the zero value.
func decode[T any](d document) (T, error) {
	var value T
	if len(d.body) == 0 {
		return value, nil
	}
	return value, unreadable(json.Unmarshal(d.body, &value))
}

func unreadable(err error) error { return fault.Wrap(fault.Internal, err, "the answer can't be read") }
