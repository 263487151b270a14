package watchline

import (
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// scanner walks through one line. Anything that it does not expect makes it bad, and encoding/json reads the line instead.
type scanner struct {
	reader *Reader
	text   []byte
	at     int
	bad    bool
}

func (s *scanner) fail() { s.bad, s.at = true, len(s.text) }

// space skips blanks.
func (s *scanner) space() {
	for s.at < len(s.text) && (s.text[s.at] == ' ' || s.text[s.at] == '\t' || s.text[s.at] == '\n' || s.text[s.at] == '\r') {
		s.at++
	}
}

// take takes one byte, if it is next.
func (s *scanner) take(c byte) bool {
	s.space()
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

// object reads an object into v. Keys come in the order of fields; some may lack.
func object[T any](s *scanner, v *T, fields []field[T]) {
	if !s.take('{') {
		s.fail()
		return
	}
	if s.take('}') {
		return
	}
	for next := 0; ; {
		key, plain := s.raw()
		if !plain || !s.take(':') {
			s.fail()
			return
		}
		i := next
		for i < len(fields) && fields[i].name != string(key) {
			i++
		}
		if i < len(fields) {
			fields[i].read(s, v)
			next = i + 1
		} else {
			s.skip(key, slices.ContainsFunc(fields, func(f field[T]) bool { return f.name == string(key) }))
		}
		if s.take('}') {
			return
		}
		if !s.take(',') {
			s.fail()
			return
		}
	}
}

// null takes a null, if it is next.
func (s *scanner) null() bool {
	const null = "null"
	if s.space(); len(s.text)-s.at < len(null) || string(s.text[s.at:s.at+len(null)]) != null {
		return false
	}
	if s.at += len(null); !s.ends() {
		s.fail()
	}
	return true
}

// list reads a list of objects, probably about as many as were in the last one of its kind.
func list[T any](s *scanner, fields []field[T], last *int) []T {
	if s.null() {
		return nil
	}
	if !s.take('[') {
		s.fail()
		return nil
	}
	if s.take(']') {
		return []T{}
	}
	out := make([]T, 0, min(*last+*last/8+1, (len(s.text)-s.at)/len("{},")+1))
	defer func() { *last = len(out) }()
	for !s.bad {
		var v T
		out = append(out, v)
		object(s, &out[len(out)-1], fields)
		if s.take(']') {
			break
		}
		if !s.take(',') {
			s.fail()
		}
	}
	return out
}

// raw takes a text and answers what is between its quotes. It is plain if that is the text itself.
func (s *scanner) raw() (inner []byte, plain bool) {
	if !s.take('"') {
		s.fail()
		return nil, false
	}
	plain = true
	for i := s.at; ; i++ {
		if i = ordinary(s.text, i); i >= len(s.text) {
			break
		}
		switch s.text[i] {
		case '"':
			inner, s.at = s.text[s.at:i], i+1
			return inner, plain
		case '\\':
			i++
		}
		plain = false
	}
	s.fail()
	return nil, false
}

// ordinary is where the next byte stands that is a quote, a backslash, a control character or no ASCII; the end if there is
// none. It looks at eight bytes at a time: a byte of which the highest bit is set in one of the masks is found, and of several
// the first is found for sure (what is borrowed comes from a byte that is found, too).
func ordinary(text []byte, i int) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(text); i += 8 {
		v := binary.LittleEndian.Uint64(text[i:])
		quote, back := v^ones*'"', v^ones*'\\'
		found := (quote-ones)&^quote | (back-ones)&^back | (v-ones*' ')&^v | v
		if found &= high; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(text); i++ {
		if c := text[i]; c == '"' || c == '\\' || c < ' ' || c >= 0x80 {
			break
		}
	}
	return i
}

// unquote is the text that is written between quotes.
func (s *scanner) unquote(inner []byte, plain bool) string {
	if plain {
		return string(inner)
	}
	var text string
	quoted := append(append([]byte{'"'}, inner...), '"')
	if s.bad || json.Unmarshal(quoted, &text) != nil {
		s.fail()
	}
	return text
}

// own is a text that hardly comes twice.
func (s *scanner) own() string {
	inner, plain := s.raw()
	return s.unquote(inner, plain)
}

// like is a text that is probably the same as another.
func (s *scanner) like(other string) string {
	inner, plain := s.raw()
	if plain && string(inner) == other {
		return other
	}
	return s.unquote(inner, plain)
}

// texts reads a list of texts.
func (s *scanner) texts() []string {
	out := []string{}
	if !s.take('[') {
		s.fail()
		return nil
	}
	if s.take(']') {
		return out
	}
	for !s.bad {
		out = append(out, s.own())
		if s.take(']') {
			break
		}
		if !s.take(',') {
			s.fail()
		}
	}
	return out
}

// shared is a text that comes again and again.
func (s *scanner) shared() string {
	inner, plain := s.raw()
	if text, known := s.reader.texts[string(inner)]; known {
		return text
	}
	text := s.unquote(inner, plain)
	if !s.bad {
		s.reader.texts[string(inner)] = text
	}
	return text
}

// sharedMap is an object of texts that comes again and again.
func (s *scanner) sharedMap() map[string]string {
	value := s.value()
	if m, known := s.reader.maps[string(value)]; known {
		return m
	}
	var m map[string]string
	if s.bad || json.Unmarshal(value, &m) != nil {
		s.fail()
		return nil
	}
	s.reader.maps[string(value)] = m
	return m
}

// counts is an object of numbers without a fraction.
func (s *scanner) counts() map[string]int {
	if s.null() {
		return nil
	}
	if !s.take('{') {
		s.fail()
		return nil
	}
	m := map[string]int{}
	if s.take('}') {
		return m
	}
	for !s.bad {
		key := s.shared()
		if !s.take(':') {
			s.fail()
			break
		}
		m[key] = int(s.whole())
		if s.take('}') {
			break
		}
		if !s.take(',') {
			s.fail()
		}
	}
	return m
}

// masters are most probably those of the line before.
func (s *scanner) masters() []reeveapi.Master {
	value := s.value()
	if r := s.reader; s.bad || string(value) != r.masters || r.known == nil {
		var all []reeveapi.Master
		if s.bad || json.Unmarshal(value, &all) != nil {
			s.fail()
			return nil
		}
		r.masters, r.known = string(value), all
	}
	return s.reader.known
}

// other reads a value by encoding/json.
func (s *scanner) other(v any) {
	if value := s.value(); s.bad || json.Unmarshal(value, v) != nil {
		s.fail()
	}
}

// skip passes over the value of a key that is not known here. encoding/json may know it all the same: keys that come twice,
// or in another order, or in capitals.
func (s *scanner) skip(key []byte, known bool) {
	for _, c := range key {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			known = true
		}
	}
	if value := s.value(); known || !json.Valid(value) {
		s.fail()
	}
}

// value takes a whole value and answers how it is written. It looks only for where it ends.
func (s *scanner) value() []byte {
	s.space()
	begin := s.at
	for depth := 0; s.at < len(s.text); {
		switch c := s.text[s.at]; c {
		case '"':
			s.raw()
			if depth == 0 {
				return s.text[begin:s.at]
			}
		case '{', '[':
			depth++
			s.at++
		case '}', ']', ',':
			if c != ',' && depth > 0 {
				depth--
				s.at++
				if depth == 0 {
					return s.text[begin:s.at]
				}
				continue
			}
			if depth == 0 {
				return s.text[begin:s.at]
			}
			s.at++
		default:
			s.at++
		}
	}
	s.fail()
	return nil
}

// whole reads a number without a fraction.
func (s *scanner) whole() int64 {
	s.space()
	begin, n := s.at, int64(0)
	for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		n = n*10 + int64(s.text[s.at]-'0')
		s.at++
	}
	if digits := s.at - begin; digits == 0 || digits > 18 || digits > 1 && s.text[begin] == '0' || !s.ends() {
		s.fail()
		return 0
	}
	return n
}

// unsigned reads a number without a fraction or a sign.
func (s *scanner) unsigned() uint64 {
	const sure = 18 // digits that fit
	s.space()
	digits := 0
	for s.at+digits < len(s.text) && s.text[s.at+digits] >= '0' && s.text[s.at+digits] <= '9' {
		digits++
	}
	if digits <= sure {
		return uint64(s.whole())
	}
	var n uint64
	s.other(&n)
	return n
}

// ends says whether a number is over here.
func (s *scanner) ends() bool {
	if s.at == len(s.text) {
		return false
	}
	switch s.text[s.at] {
	case ',', '}', ']', ' ', '\t', '\n', '\r':
		return true
	}
	return false
}

// exact are the powers of ten by which a division is rounded once only.
var exact = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// number reads a number.
func (s *scanner) number() float64 {
	s.space()
	begin, n, digits, point := s.at, int64(0), 0, -1
	for ; s.at < len(s.text); s.at++ {
		c := s.text[s.at]
		if c == '.' && point < 0 && digits > 0 {
			point = digits
			continue
		}
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int64(c-'0')
		if digits++; digits > 15 {
			break
		}
	}
	fraction := 0
	if point >= 0 {
		fraction = digits - point
	}
	simple := s.ends() && digits > 0 && digits <= 15 && (point < 0 || fraction > 0) && (s.text[begin] != '0' || digits == 1 || point == 1)
	if simple {
		return float64(n) / exact[fraction]
	}
	s.at = begin
	var v float64
	s.other(&v)
	return v
}

// time reads a moment. Most are of the minute that the one before was of.
func (s *scanner) time() time.Time {
	begin := s.at
	inner, plain := s.raw()
	const minute, second = len("2026-11-29T10:04:"), len("2026-11-29T10:04:57")
	r := s.reader
	if plain && len(inner) > second && string(inner[:minute]) == r.minute {
		if nano, ok := nanos(inner[minute:]); ok {
			return r.began.Add(nano)
		}
	}
	if t, ok := moment(inner); ok && plain {
		r.minute, r.began = string(inner[:minute]), t.Truncate(time.Minute)
		return t
	}
	if s.bad {
		return time.Time{}
	}
	s.at = begin
	var t time.Time
	s.other(&t)
	return t
}

// nanos reads the seconds of a moment up to its end, 57.722380356Z, with or without the fraction.
func nanos(text []byte) (d time.Duration, ok bool) {
	const shortest = len("57Z")
	if len(text) < shortest || len(text) > shortest+10 || text[len(text)-1] != 'Z' || len(text) > shortest && (text[2] != '.' || len(text) == shortest+1) {
		return 0, false
	}
	n, digits := int64(0), 0
	for i, c := range text[:len(text)-1] {
		if i == 2 {
			continue
		}
		if c < '0' || c > '9' {
			return 0, false
		}
		n, digits = n*10+int64(c-'0'), digits+1
	}
	for ; digits < len("57722380356"); digits++ {
		n *= 10
	}
	return time.Duration(n), n < int64(time.Minute)
}

// moment reads 2026-11-29T10:04:57.722380356Z, with or without the fraction.
func moment(text []byte) (t time.Time, ok bool) {
	const shortest = len("2026-11-29T10:04:57Z")
	if len(text) < shortest || len(text) > shortest+10 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[len(text)-1] != 'Z' {
		return t, false
	}
	ok = true
	part := func(from, to int) int {
		n := 0
		for _, c := range text[from:to] {
			if c < '0' || c > '9' {
				ok = false
			}
			n = n*10 + int(c-'0')
		}
		return n
	}
	year, month, day, hour, minute, second := part(0, 4), part(5, 7), part(8, 10), part(11, 13), part(14, 16), part(17, 19)
	nano := 0
	if fraction := text[19 : len(text)-1]; len(fraction) > 0 {
		if len(fraction) < 2 || fraction[0] != '.' {
			return t, false
		}
		nano = part(20, len(text)-1)
		for range 10 - len(fraction) {
			nano *= 10
		}
	}
	if !ok || month < 1 || month > 12 || day < 1 || day > 28 && day > daysOf(year, month) || hour > 23 || minute > 59 || second > 59 {
		return t, false
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, nano, time.UTC), true
}

func daysOf(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
