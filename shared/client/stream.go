package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/recordio"
)

// streamSilence is how long a Mesos stream may say nothing: five heartbeats, as the API recommends (spec 1.7).
const streamSilence = 75 * time.Second

var errSilent = errors.New("the other side fell silent")

// watchdog cancels a stream that says nothing for too long. A connection whose other side lost its power looks like
// one that has nothing to say; only this tells them apart.
type watchdog struct {
	timer   *time.Timer
	silence time.Duration
	cancel  context.CancelCauseFunc
}

// watch returns a context that ends when nothing is heard for that long.
func watch(ctx context.Context, silence time.Duration) (context.Context, *watchdog) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watchdog{silence: silence, cancel: cancel}
	w.timer = time.AfterFunc(silence, func() { cancel(errSilent) })
	return ctx, w
}

// guard returns a reader that feeds the watchdog with every byte, so that a long message over a slow line is no silence.
func (w *watchdog) guard(in io.Reader) io.Reader { return guarded{in, w} }

type guarded struct {
	in  io.Reader
	dog *watchdog
}

func (g guarded) Read(p []byte) (int, error) {
	n, err := g.in.Read(p)
	if n > 0 {
		g.dog.timer.Reset(g.dog.silence)
	}
	return n, err
}

func (w *watchdog) stop() {
	w.timer.Stop()
	w.cancel(context.Canceled)
}

// records is an open stream of framed messages.
type records struct {
	answer *http.Response
	reader *recordio.Reader
	codec  codec.Codec
	dog    *watchdog
	cause  func() error
}

// open sends a subscription to the leading master.
func (c *Client) open(ctx context.Context, r request) (*records, error) {
	return openStream(ctx, recordio.DefaultLimit, func(ctx context.Context) (*http.Response, error) { return c.lead(ctx, r) })
}

// openStream sends a request whose answer is a stream of records of at most limit bytes.
func openStream(ctx context.Context, limit int, send func(ctx context.Context) (*http.Response, error)) (*records, error) {
	ctx, dog := watch(ctx, streamSilence)
	answer, err := send(ctx)
	if err != nil {
		dog.stop()
		return nil, err
	}
	form, err := formOf(answer.Header.Get("Content-Type"))
	if err != nil {
		dog.stop()
		_ = answer.Body.Close() // nothing was written
		return nil, err
	}
	return &records{
		answer: answer, reader: recordio.NewReader(dog.guard(answer.Body), limit), codec: form, dog: dog,
		cause: func() error { return context.Cause(ctx) },
	}, nil
}

// next reads one message.
func (r *records) next(m proto.Message) error {
	record, err := r.reader.Read()
	if err != nil {
		return r.ended(err)
	}
	if err := r.codec.Unmarshal(record, m); err != nil {
		return fault.Wrap(fault.Internal, err, "the stream can't be read")
	}
	return nil
}

// ended says why a stream is over.
func (r *records) ended(err error) error {
	if cause := r.cause(); cause != nil {
		err = cause
	}
	if errors.Is(err, io.EOF) {
		return fault.Wrap(fault.Unavailable, err, "the master ended the stream")
	}
	return fault.Wrap(fault.Unavailable, err, "the stream broke off")
}

func (r *records) close() {
	r.dog.stop()
	_ = r.answer.Body.Close() // nothing was written
}
