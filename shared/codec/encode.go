package codec

import (
	"encoding/base64"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// appendMessage writes the fields in the order of their declaration. An unset field with a declared default is written
// with it unless it is deprecated (spec 2.0); clients read "checkpoint":false where nothing was set.
func appendMessage(buf []byte, m protoreflect.Message) []byte {
	buf = append(buf, '{')
	fields := m.Descriptor().Fields()
	first := true
	for i := range fields.Len() {
		fd := fields.Get(i)
		if !m.Has(fd) && (!fd.HasDefault() || deprecated(fd)) {
			continue
		}
		if !first {
			buf = append(buf, ',')
		}
		first = false
		buf = append(buf, '"')
		buf = append(buf, fd.Name()...)
		buf = append(buf, '"', ':')
		buf = appendField(buf, fd, m.Get(fd))
	}
	return append(buf, '}')
}

func deprecated(fd protoreflect.FieldDescriptor) bool {
	options, ok := fd.Options().(*descriptorpb.FieldOptions)
	return ok && options.GetDeprecated()
}

func appendField(buf []byte, fd protoreflect.FieldDescriptor, v protoreflect.Value) []byte {
	switch {
	case fd.IsList():
		buf = append(buf, '[')
		list := v.List()
		for i := range list.Len() {
			if i > 0 {
				buf = append(buf, ',')
			}
			buf = appendValue(buf, fd, list.Get(i))
		}
		return append(buf, ']')
	case fd.IsMap():
		buf = append(buf, '{')
		first := true
		for key, value := range sortedMap(v.Map()) {
			if !first {
				buf = append(buf, ',')
			}
			first = false
			buf = appendString(buf, key)
			buf = append(buf, ':')
			buf = appendValue(buf, fd.MapValue(), value)
		}
		return append(buf, '}')
	default:
		return appendValue(buf, fd, v)
	}
}

func appendValue(buf []byte, fd protoreflect.FieldDescriptor, v protoreflect.Value) []byte {
	switch fd.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return appendMessage(buf, v.Message())
	case protoreflect.EnumKind:
		if name := fd.Enum().Values().ByNumber(v.Enum()); name != nil {
			return appendString(buf, string(name.Name()))
		}
		return strconv.AppendInt(buf, int64(v.Enum()), 10)
	case protoreflect.StringKind:
		return appendString(buf, v.String())
	case protoreflect.BytesKind:
		buf = append(buf, '"')
		buf = base64.StdEncoding.AppendEncode(buf, v.Bytes())
		return append(buf, '"')
	case protoreflect.BoolKind:
		return strconv.AppendBool(buf, v.Bool())
	case protoreflect.DoubleKind:
		return AppendDouble(buf, v.Float())
	case protoreflect.FloatKind:
		return AppendDouble(buf, v.Float())
	case protoreflect.Uint32Kind, protoreflect.Uint64Kind, protoreflect.Fixed32Kind, protoreflect.Fixed64Kind:
		return strconv.AppendUint(buf, v.Uint(), 10)
	default:
		return strconv.AppendInt(buf, v.Int(), 10)
	}
}

// AppendDouble writes a double as Mesos does: the shortest digits that read back the same, always with a fraction or an
// exponent, and bare words for what JSON has no number for. Legacy endpoints need it as well.
func AppendDouble(buf []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(buf, "NaN"...)
	case math.IsInf(f, 1):
		return append(buf, "Infinity"...)
	case math.IsInf(f, -1):
		return append(buf, "-Infinity"...)
	}
	// The bounds are those of the JSON library inside Mesos: plain notation for 1e-6 <= |f| < 1e21.
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		return appendExponent(buf, f)
	}
	start := len(buf)
	buf = strconv.AppendFloat(buf, f, 'f', -1, 64)
	if slices.Contains(buf[start:], '.') {
		return buf
	}
	return append(buf, ".0"...)
}

// appendExponent writes 1e-7 where strconv writes 1e-07, and 1e30 where it writes 1e+30.
func appendExponent(buf []byte, f float64) []byte {
	start := len(buf)
	buf = strconv.AppendFloat(buf, f, 'e', -1, 64)
	for i := start; i < len(buf); i++ {
		if buf[i] != 'e' {
			continue
		}
		sign, digits := buf[i+1], string(buf[i+2:])
		buf = buf[:i+1]
		if sign == '-' {
			buf = append(buf, '-')
		}
		if len(digits) == 2 && digits[0] == '0' {
			digits = digits[1:]
		}
		return append(buf, digits...)
	}
	return buf
}

const hexDigits = "0123456789ABCDEF"

// appendString writes a quoted string. Bytes that are not UTF-8, which a protobuf client can send, become U+FFFD, so
// that no client can make our JSON unreadable for others.
func appendString(buf []byte, s string) []byte {
	buf = append(buf, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			buf = appendASCII(buf, c)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			buf = utf8.AppendRune(buf, utf8.RuneError)
		} else {
			buf = append(buf, s[i:i+size]...)
		}
		i += size
	}
	return append(buf, '"')
}

func appendASCII(buf []byte, c byte) []byte {
	switch {
	case c == '"' || c == '\\':
		return append(buf, '\\', c)
	case c >= ' ':
		return append(buf, c)
	}
	switch c {
	case '\b':
		return append(buf, '\\', 'b')
	case '\f':
		return append(buf, '\\', 'f')
	case '\n':
		return append(buf, '\\', 'n')
	case '\r':
		return append(buf, '\\', 'r')
	case '\t':
		return append(buf, '\\', 't')
	default:
		return append(buf, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
	}
}
