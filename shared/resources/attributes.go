package resources

import (
	"strings"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// ParseAttributes reads the text of --attributes, "rack:r1;level:10;ports:[1-5]". A pair splits at its first colon, so
// that values may contain more; names may repeat; sets are refused (spec 3.5).
func ParseAttributes(text string) ([]*mesosv1.Attribute, error) {
	if len(text) > maxText {
		return nil, fault.New(fault.Invalid, "attributes: the text has %d bytes, the most allowed is %d", len(text), maxText)
	}
	var attributes []*mesosv1.Attribute
	for pair := range strings.SplitSeq(text, ";") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, found := strings.Cut(pair, ":")
		name = strings.TrimSpace(name)
		if !found || name == "" {
			return nil, fault.New(fault.Invalid, "attributes: %q is not of the form name:value", pair)
		}
		parsed, err := parseValue(value)
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "attributes: %q", pair)
		}
		if parsed.GetType() == mesosv1.Value_SET {
			return nil, fault.New(fault.Invalid, "attributes: %q is a set; use a number, [begin-end] or a text", pair)
		}
		attributes = append(attributes, &mesosv1.Attribute{
			Name: &name, Type: parsed.Type, Scalar: parsed.Scalar, Ranges: parsed.Ranges, Text: parsed.Text,
		})
	}
	return attributes, nil
}

// AttributeText prints an attribute's value as legacy endpoints do: a text as it is, ranges as "[1-5]", and a number as
// people write it. Legacy JSON has numbers as numbers, so callers there look at the type first.
func AttributeText(a *mesosv1.Attribute) string {
	switch a.GetType() {
	case mesosv1.Value_SCALAR:
		return formatFloat(a.GetScalar().GetValue())
	case mesosv1.Value_RANGES:
		ranges := make([]Range, len(a.GetRanges().GetRange()))
		for i, r := range a.GetRanges().GetRange() {
			ranges[i] = Range{r.GetBegin(), r.GetEnd()}
		}
		return formatRanges(ranges)
	case mesosv1.Value_SET:
		return formatSet(a.GetSet().GetItem())
	default:
		return a.GetText().GetValue()
	}
}
