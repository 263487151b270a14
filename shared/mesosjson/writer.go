package mesosjson

import (
	"bytes"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/codec"
)

// Writer appends JSON to a buffer. It places the commas; the caller balances what it opens. /state of a large cluster is
// hundreds of thousands of small values, which is why this neither reflects nor builds trees. The zero value is ready.
type Writer struct {
	buf []byte
	err error
}

// Bytes returns what was written, or the first error of a message that could not be encoded.
func (w *Writer) Bytes() ([]byte, error) { return w.buf, w.err }

// Reset empties the writer and keeps its memory.
func (w *Writer) Reset() { w.buf, w.err = w.buf[:0], nil }

// separate writes a comma unless the position is the first in an object or array, or follows a key.
func (w *Writer) separate() {
	if len(w.buf) == 0 {
		return
	}
	switch w.buf[len(w.buf)-1] {
	case '{', '[', ':':
	default:
		w.buf = append(w.buf, ',')
	}
}

// Open starts an object.
func (w *Writer) Open() { w.separate(); w.buf = append(w.buf, '{') }

// Close ends the innermost object.
func (w *Writer) Close() { w.buf = append(w.buf, '}') }

// OpenList starts an array.
func (w *Writer) OpenList() { w.separate(); w.buf = append(w.buf, '[') }

// CloseList ends the innermost array.
func (w *Writer) CloseList() { w.buf = append(w.buf, ']') }

// Key writes the name of the value that follows.
func (w *Writer) Key(name string) {
	w.separate()
	w.buf = appendString(w.buf, name)
	w.buf = append(w.buf, ':')
}

// Text writes a string. Bytes that are no UTF-8 pass through unchanged, as Mesos has it.
func (w *Writer) Text(s string) { w.separate(); w.buf = appendString(w.buf, s) }

// Float writes a number with a fraction or an exponent: 5 is 5.0. Numbers that JSON cannot hold become 0.0.
func (w *Writer) Float(f float64) { w.separate(); w.buf = appendFloat(w.buf, f) }

// Int writes a whole number.
func (w *Writer) Int(n int64) { w.separate(); w.buf = strconv.AppendInt(w.buf, n, 10) }

// Bool writes true or false.
func (w *Writer) Bool(b bool) { w.separate(); w.buf = strconv.AppendBool(w.buf, b) }

// Time writes seconds since the epoch; the zero time is 0.0.
func (w *Writer) Time(t time.Time) { w.Float(Seconds(t)) }

// Message writes a protobuf message by the rules of the v1 API (spec 2.0).
func (w *Writer) Message(m proto.Message) {
	data, err := codec.JSON.Marshal(m)
	if err != nil {
		if w.err == nil {
			w.err = err
		}
		data = []byte("null")
	}
	w.separate()
	w.buf = append(w.buf, data...)
}

// TextField writes a member of an object. The other …Field methods do the same for their types.
func (w *Writer) TextField(name, value string) { w.Key(name); w.Text(value) }

// FloatField writes a member of an object.
func (w *Writer) FloatField(name string, value float64) { w.Key(name); w.Float(value) }

// IntField writes a member of an object.
func (w *Writer) IntField(name string, value int64) { w.Key(name); w.Int(value) }

// BoolField writes a member of an object.
func (w *Writer) BoolField(name string, value bool) { w.Key(name); w.Bool(value) }

// TimeField writes a member of an object.
func (w *Writer) TimeField(name string, value time.Time) { w.Key(name); w.Time(value) }

// TextsField writes a member that is an array of strings.
func (w *Writer) TextsField(name string, values []string) {
	w.Key(name)
	w.OpenList()
	for _, v := range values {
		w.Text(v)
	}
	w.CloseList()
}

// EmptyListField writes a member that is an array without elements.
func (w *Writer) EmptyListField(name string) { w.Key(name); w.OpenList(); w.CloseList() }

// EmptyObjectField writes a member that is an object without members.
func (w *Writer) EmptyObjectField(name string) { w.Key(name); w.Open(); w.Close() }

// MessageField writes a member that is a protobuf message.
func (w *Writer) MessageField(name string, m proto.Message) { w.Key(name); w.Message(m) }

// FloatMap writes an object of numbers, by name.
func (w *Writer) FloatMap(values map[string]float64) {
	w.Open()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		w.FloatField(name, values[name])
	}
	w.Close()
}

// Seconds is a time as the legacy endpoints write it.
func Seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.Round(time.Microsecond).UnixMicro()) / 1e6
}

const hexDigits = "0123456789abcdef"

// appendString writes s between quotes and escapes only what JSON demands.
func appendString(buf []byte, s string) []byte {
	buf = append(buf, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		buf = append(buf, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			buf = append(buf, '\\', c)
		case '\n':
			buf = append(buf, '\\', 'n')
		case '\r':
			buf = append(buf, '\\', 'r')
		case '\t':
			buf = append(buf, '\\', 't')
		default:
			buf = append(buf, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
		}
	}
	buf = append(buf, s[start:]...)
	return append(buf, '"')
}

func appendFloat(buf []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		f = 0
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	start := len(buf)
	buf = strconv.AppendFloat(buf, f, format, -1, 64)
	if !bytes.ContainsAny(buf[start:], ".e") {
		buf = append(buf, '.', '0')
	}
	return buf
}
