package codec

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// scalar reads a value of the field's kind. The zero Value without an error means: leave it unset.
func (d *decoder) scalar(fd protoreflect.FieldDescriptor) (protoreflect.Value, error) {
	var none protoreflect.Value
	switch fd.Kind() {
	case protoreflect.StringKind:
		s, err := d.quoted("a string")
		return protoreflect.ValueOfString(s), err
	case protoreflect.BytesKind:
		s, err := d.quoted("base64 in a string")
		if err != nil {
			return none, err
		}
		b, err := decodeBase64(s)
		return protoreflect.ValueOfBytes(b), err
	case protoreflect.EnumKind:
		s, err := d.quoted("the name of a value in a string")
		if err != nil {
			return none, err
		}
		return enumValue(fd, s)
	default:
		return d.unquoted(fd)
	}
}

// unquoted reads numbers and bools.
func (d *decoder) unquoted(fd protoreflect.FieldDescriptor) (protoreflect.Value, error) {
	var none protoreflect.Value
	token, err := d.token()
	if err != nil {
		return none, err
	}
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return boolValue(token)
	case protoreflect.DoubleKind:
		f, err := parseDouble(token)
		return protoreflect.ValueOfFloat64(f), err
	case protoreflect.FloatKind:
		f, err := parseDouble(token)
		return protoreflect.ValueOfFloat32(float32(f)), err
	default:
		return integerValue(fd.Kind(), token)
	}
}

// quoted reads a string and says what was expected if there is something else.
func (d *decoder) quoted(what string) (string, error) {
	if c := d.peek(); c != '"' && c != 0 {
		return "", fmt.Errorf("%q where %s belongs", c, what)
	}
	return d.text()
}

// token reads a number or bool, bare or inside a string: Mesos takes both.
func (d *decoder) token() (string, error) {
	if d.peek() == '"' {
		return d.text()
	}
	bare, err := d.bare()
	return string(bare), err
}

// enumValue leaves an optional field unset for a name it doesn't know, so that a newer client can talk to us.
func enumValue(fd protoreflect.FieldDescriptor, name string) (protoreflect.Value, error) {
	if v := fd.Enum().Values().ByName(protoreflect.Name(name)); v != nil {
		return protoreflect.ValueOfEnum(v.Number()), nil
	}
	if fd.Cardinality() == protoreflect.Required {
		return protoreflect.Value{}, fmt.Errorf("%q is not a value of %s", name, fd.Enum().Name())
	}
	return protoreflect.Value{}, nil
}

func boolValue(token string) (protoreflect.Value, error) {
	if token != "true" && token != "false" {
		return protoreflect.Value{}, fmt.Errorf("%q is neither true nor false", token)
	}
	return protoreflect.ValueOfBool(token == "true"), nil
}

func parseDouble(token string) (float64, error) {
	switch token {
	case "Infinity":
		return math.Inf(1), nil
	case "-Infinity":
		return math.Inf(-1), nil
	case "NaN":
		return math.NaN(), nil
	}
	if !json.Valid([]byte(token)) || !numeric(token) {
		return 0, fmt.Errorf("%q is not a number", token)
	}
	f, err := strconv.ParseFloat(token, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is out of range", token)
	}
	return f, nil
}

// numeric tells numbers from the other JSON values.
func numeric(token string) bool {
	return token[0] == '-' || token[0] >= '0' && token[0] <= '9'
}

// integerValue keeps all 64 bits, and takes 5.0 and 1e3 for what they mean.
func integerValue(kind protoreflect.Kind, token string) (protoreflect.Value, error) {
	var v protoreflect.Value
	unsigned, bits := shape(kind)
	if unsigned {
		u, err := strconv.ParseUint(token, 10, bits)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			f, ferr := wholeDouble(token)
			if ferr != nil {
				return v, ferr
			}
			u, err = strconv.ParseUint(strconv.FormatFloat(f, 'f', 0, 64), 10, bits)
		}
		if err != nil {
			return v, fmt.Errorf("%q is out of range for an unsigned number of %d bits", token, bits)
		}
		if bits == 32 {
			return protoreflect.ValueOfUint32(uint32(u)), nil // #nosec G115 -- ParseUint held it to 32 bits
		}
		return protoreflect.ValueOfUint64(u), nil
	}
	n, err := strconv.ParseInt(token, 10, bits)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		f, ferr := wholeDouble(token)
		if ferr != nil {
			return v, ferr
		}
		n, err = strconv.ParseInt(strconv.FormatFloat(f, 'f', 0, 64), 10, bits)
	}
	if err != nil {
		return v, fmt.Errorf("%q is out of range for a number of %d bits", token, bits)
	}
	if bits == 32 {
		return protoreflect.ValueOfInt32(int32(n)), nil // #nosec G115 -- ParseInt held it to 32 bits
	}
	return protoreflect.ValueOfInt64(n), nil
}

func shape(kind protoreflect.Kind) (unsigned bool, bits int) {
	switch kind {
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return true, 32
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return true, 64
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return false, 32
	default:
		return false, 64
	}
}

func wholeDouble(token string) (float64, error) {
	f, err := parseDouble(token)
	if err != nil {
		return 0, err
	}
	if f != math.Trunc(f) || math.IsInf(f, 0) {
		return 0, fmt.Errorf("%q is not a whole number", token)
	}
	return f, nil
}

// decodeBase64 ignores white space and tolerates missing padding, as Mesos does; the URL-safe alphabet is refused.
func decodeBase64(s string) ([]byte, error) {
	if strings.ContainsAny(s, " \t\r\n") {
		s = strings.Join(strings.Fields(s), "")
	}
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	if err != nil {
		return nil, fmt.Errorf("not base64: %w", err)
	}
	return b, nil
}
