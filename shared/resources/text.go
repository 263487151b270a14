package resources

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// maxText is the longest text of resources or attributes that is read.
const maxText = 1 << 20

// Parse reads the text of --resources, "cpus:4;mem:1024;ports(web):[31000-31010]", or a JSON array of Resource messages.
// A role in parentheses reserves statically; without one the default role applies, "*" for unreserved. What only a
// framework may make, dynamic reservations, volumes, revocable and shared resources, is refused.
func Parse(text, defaultRole string) (Resources, error) {
	wire, err := parseWire(text, defaultRole)
	if err != nil {
		return Resources{}, fault.Wrap(fault.Invalid, err, "resources")
	}
	parsed, err := FromProto(wire)
	if err != nil {
		return Resources{}, err
	}
	for i := range parsed.entries {
		c := &parsed.entries[i].class
		if c.revocable() || c.shared() || c.persistent() || len(Resources{entries: parsed.entries[i : i+1]}.Dynamic().entries) > 0 {
			return Resources{}, fault.New(fault.Invalid,
				"resource %q: only a framework can make it revocable, shared, persistent or dynamically reserved", c.name)
		}
	}
	return parsed, nil
}

// MustParse is Parse with the default role "*" for texts in tests; it panics on a mistake.
func MustParse(text string) Resources {
	parsed, err := Parse(text, "*")
	if err != nil {
		panic(err)
	}
	return parsed
}

func parseWire(text, defaultRole string) ([]*mesosv1.Resource, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("the text has %d bytes, the most allowed is %d", len(text), maxText)
	}
	if defaultRole == "" {
		defaultRole = "*"
	}
	if strings.HasPrefix(strings.TrimSpace(text), "[") {
		return parseJSON(text, defaultRole)
	}
	var wire []*mesosv1.Resource
	for part := range strings.SplitSeq(text, ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		w, err := parsePair(part, defaultRole)
		if err != nil {
			return nil, err
		}
		wire = append(wire, w)
	}
	return wire, nil
}

// parseJSON reads an array of Resource messages as Mesos writes them.
func parseJSON(text, defaultRole string) ([]*mesosv1.Resource, error) {
	var elements []json.RawMessage
	if err := json.Unmarshal([]byte(text), &elements); err != nil {
		return nil, fmt.Errorf("not a JSON array: %w", err)
	}
	wire := make([]*mesosv1.Resource, len(elements))
	for i, element := range elements {
		wire[i] = &mesosv1.Resource{}
		if err := codec.JSON.Unmarshal(element, wire[i]); err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
		if wire[i].Role == nil && len(wire[i].Reservations) == 0 {
			wire[i].Reservations = reservedTo(defaultRole)
		}
	}
	return wire, nil
}

// parsePair reads name(role):value.
func parsePair(pair, defaultRole string) (*mesosv1.Resource, error) {
	name, value, found := strings.Cut(pair, ":")
	if !found || strings.Contains(value, ":") {
		return nil, fmt.Errorf("%q is not of the form name:value", pair)
	}
	name, role := strings.TrimSpace(name), defaultRole
	if open := strings.IndexByte(name, '('); open >= 0 {
		if !strings.HasSuffix(name, ")") {
			return nil, fmt.Errorf("%q has a \"(\" without its \")\"", pair)
		}
		name, role = strings.TrimSpace(name[:open]), strings.TrimSpace(name[open+1:len(name)-1])
	}
	parsed, err := parseValue(value)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", pair, err)
	}
	if parsed.GetType() == mesosv1.Value_TEXT {
		return nil, fmt.Errorf("%q: %q is no amount; write a number, [begin-end] or {item,item}", pair, value)
	}
	return &mesosv1.Resource{
		Name: &name, Type: parsed.Type, Reservations: reservedTo(role),
		Scalar: parsed.Scalar, Ranges: parsed.Ranges, Set: parsed.Set,
	}, nil
}

// parseValue tells the four shapes apart by their first character. Spaces never count.
func parseValue(text string) (*mesosv1.Value, error) {
	text = strings.ReplaceAll(text, " ", "")
	switch {
	case text == "":
		return nil, fmt.Errorf("the value is missing")
	case text[0] == '[':
		ranges, err := parseRanges(text)
		if err != nil {
			return nil, err
		}
		return &mesosv1.Value{Type: mesosv1.Value_RANGES.Enum(), Ranges: protoRanges(ranges)}, nil
	case text[0] == '{':
		if text[len(text)-1] != '}' {
			return nil, fmt.Errorf("%q lacks the closing \"}\"", text)
		}
		var items []string
		if inner := text[1 : len(text)-1]; inner != "" {
			items = strings.Split(inner, ",")
		}
		return &mesosv1.Value{Type: mesosv1.Value_SET.Enum(), Set: &mesosv1.Value_Set{Item: items}}, nil
	}
	if number, err := strconv.ParseFloat(text, 64); err == nil && number >= 0 && !math.IsInf(number, 0) {
		return &mesosv1.Value{Type: mesosv1.Value_SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: &number}}, nil
	}
	return &mesosv1.Value{Type: mesosv1.Value_TEXT.Enum(), Text: &mesosv1.Value_Text{Value: &text}}, nil
}

func parseRanges(text string) ([]Range, error) {
	if text[len(text)-1] != ']' {
		return nil, fmt.Errorf("%q lacks the closing \"]\"", text)
	}
	inner := text[1 : len(text)-1]
	if inner == "" {
		return nil, nil
	}
	var ranges []Range
	for part := range strings.SplitSeq(inner, ",") {
		first, last, found := strings.Cut(part, "-")
		if !found {
			last = first
		}
		begin, beginErr := strconv.ParseUint(first, 10, 64)
		end, endErr := strconv.ParseUint(last, 10, 64)
		if beginErr != nil || endErr != nil {
			return nil, fmt.Errorf("%q is not a range of whole numbers, begin-end", part)
		}
		ranges = append(ranges, Range{begin, end})
	}
	return canonicalRanges(ranges)
}
