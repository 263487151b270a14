package mesoshttp

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/recordio"
)

// Stream is an endless answer: records, each flushed as it is sent. Its methods are for one goroutine.
type Stream struct {
	w     http.ResponseWriter
	rc    *http.ResponseController
	codec codec.Codec
	buf   []byte
}

// StartStream sends the head of a stream of messages at once: clients wait for it before the first event exists (spec 8,
// pitfall 2). Headers of the caller are set on w before.
func StartStream(w http.ResponseWriter, c codec.Codec) (*Stream, error) {
	s := &Stream{w: w, rc: http.NewResponseController(w), codec: c}
	return s, s.start(c.MediaType())
}

// StartRecords is StartStream for a client that asked for the media type of the framing, and for that of the messages
// beside (spec 1.8).
func StartRecords(w http.ResponseWriter, c codec.Codec) (*Stream, error) {
	s := &Stream{w: w, rc: http.NewResponseController(w), codec: c}
	w.Header().Set("Message-Content-Type", c.MediaType())
	return s, s.start(codec.RecordIO)
}

// IsRecordIO says whether a media type is that of framed streams.
func IsRecordIO(mediaType string) bool {
	media, _, _ := strings.Cut(mediaType, ";")
	return strings.EqualFold(strings.TrimSpace(media), codec.RecordIO)
}

// StartLines sends the head of a stream of JSON lines.
func StartLines(w http.ResponseWriter) (*Stream, error) {
	s := &Stream{w: w, rc: http.NewResponseController(w)}
	return s, s.start("application/jsonl")
}

func (s *Stream) start(contentType string) error {
	s.w.Header().Set("Content-Type", contentType)
	s.w.Header().Set("Cache-Control", "no-store")
	s.w.Header().Set("X-Accel-Buffering", "no") // proxies in between must not collect events
	s.w.WriteHeader(http.StatusOK)
	return s.rc.Flush()
}

// Send writes one message as a record, in one chunk, and flushes it.
func (s *Stream) Send(m proto.Message) error {
	data, err := s.codec.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode %s: %w", m.ProtoReflect().Descriptor().FullName(), err)
	}
	return s.SendRecord(data)
}

// SendRecord writes one encoded message as a record and flushes it.
func (s *Stream) SendRecord(data []byte) error {
	s.buf = recordio.Append(s.buf[:0], data)
	return s.write()
}

// SendLine writes one line of JSON, given without its line feed, and flushes it.
func (s *Stream) SendLine(data []byte) error {
	s.buf = append(append(s.buf[:0], data...), '\n')
	return s.write()
}

// keepBuffer is the largest buffer that a quiet stream holds on to: a snapshot of a large cluster is freed again.
const keepBuffer = 64 << 10

// patience is how long one record may wait for a peer that reads nothing while all buffers in between are full. A quiet
// stream has no deadline at all.
const patience = 5 * time.Minute

func (s *Stream) write() error {
	if err := s.rc.SetWriteDeadline(time.Now().Add(patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	_, err := s.w.Write(s.buf)
	if cap(s.buf) > keepBuffer {
		s.buf = nil
	}
	if err != nil {
		return err
	}
	if err := s.rc.Flush(); err != nil {
		return err
	}
	if err := s.rc.SetWriteDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// Codec is what the stream's messages are encoded with.
func (s *Stream) Codec() codec.Codec { return s.codec }
