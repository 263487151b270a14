// Package recordio frames messages on the endless streams of the Mesos v1 API: "<decimal length>\n<that many bytes>", again
// and again (spec 1.8). It knows nothing about what a record holds, about HTTP, or about heartbeats.
// Start reading at Reader and Writer.
package recordio

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"codeberg.org/reeve/reeve/shared/fault"
)

// DefaultLimit is the largest record that a reader of scheduler, executor and operator streams should allow: the first
// event of an operator's stream holds the state of a whole cluster.
const DefaultLimit = 1 << 30

// maxHeader is the most digits a length can have.
const maxHeader = 19

// Reader takes records from a stream. It is not safe for concurrent use.
type Reader struct {
	in     *bufio.Reader
	limit  int
	record bytes.Buffer
}

// NewReader reads records of at most limit bytes.
func NewReader(in io.Reader, limit int) *Reader {
	return &Reader{in: bufio.NewReader(in), limit: limit}
}

// Read returns the next record, which is valid until the next call. At the end of the stream it returns io.EOF between
// records and io.ErrUnexpectedEOF within one. After any error the stream can't be used any more.
func (r *Reader) Read() ([]byte, error) {
	length, err := r.header()
	if err != nil {
		return nil, err
	}
	// The buffer grows with what arrives, not with what the header claims.
	r.record.Reset()
	if _, err := io.CopyN(&r.record, r.in, int64(length)); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("read a record of %d bytes: %w", length, err)
	}
	return r.record.Bytes(), nil
}

func (r *Reader) header() (int, error) {
	length := 0
	for digits := 0; ; digits++ {
		c, err := r.in.ReadByte()
		switch {
		case errors.Is(err, io.EOF) && digits > 0:
			return 0, fmt.Errorf("read the length of a record: %w", io.ErrUnexpectedEOF)
		case errors.Is(err, io.EOF):
			return 0, io.EOF
		case err != nil:
			return 0, fmt.Errorf("read the length of a record: %w", err)
		case c == '\n' && digits > 0:
			return length, nil
		case c < '0' || c > '9':
			return 0, fault.New(fault.Invalid, "%q in the length of a record; it must be decimal digits and a newline", c)
		case digits == maxHeader:
			return 0, fault.New(fault.Invalid, "the length of a record has more than %d digits", maxHeader)
		}
		if length = length*10 + int(c-'0'); length > r.limit {
			return 0, fault.New(fault.Exhausted, "a record is longer than the most allowed, %d bytes", r.limit)
		}
	}
}

// Writer puts records on a stream. It is not safe for concurrent use.
type Writer struct {
	out   io.Writer
	flush func() error
	frame []byte
}

// NewWriter writes to out and calls flush, which may be nil, after every record, so that no event waits in a buffer.
func NewWriter(out io.Writer, flush func() error) *Writer {
	return &Writer{out: out, flush: flush}
}

// Write puts one record on the stream in a single write, which makes it one HTTP chunk.
func (w *Writer) Write(record []byte) error {
	w.frame = Append(w.frame[:0], record)
	_, err := w.out.Write(w.frame)
	if cap(w.frame) > 1<<20 {
		w.frame = nil // one big first event must not stay in memory for as long as the stream lives
	}
	if err != nil {
		return fmt.Errorf("write a record: %w", err)
	}
	if w.flush == nil {
		return nil
	}
	if err := w.flush(); err != nil {
		return fmt.Errorf("flush a record: %w", err)
	}
	return nil
}

// Append puts a framed record behind what buf already holds.
func Append(buf, record []byte) []byte {
	buf = strconv.AppendInt(buf, int64(len(record)), 10)
	buf = append(buf, '\n')
	return append(buf, record...)
}
