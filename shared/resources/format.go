package resources

import (
	"strconv"
	"strings"

	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// Text prints the amount of that name over all classes as legacy endpoints do: "[31000-32000, 33000-33001]", "{a, b}", or
// a number. It is "" if there is none.
func (r Resources) Text(name string) string {
	for i := range r.entries {
		if r.entries[i].class.name != name {
			continue
		}
		switch r.entries[i].class.kind {
		case kindRanges:
			return formatRanges(r.Ranges(name))
		case kindSet:
			return formatSet(r.Set(name))
		default:
			return formatMilli(r.Scalar(name))
		}
	}
	return ""
}

// IsScalar reports whether the first amount of that name is a number; legacy endpoints print those as numbers.
func (r Resources) IsScalar(name string) bool {
	for i := range r.entries {
		if r.entries[i].class.name == name {
			return r.entries[i].class.kind == kindScalar
		}
	}
	return false
}

// String prints every class in the form that Mesos uses in its messages: "cpus(allocated: web):2; mem:128".
func (r Resources) String() string {
	var text strings.Builder
	for i := range r.entries {
		if i > 0 {
			text.WriteString("; ")
		}
		r.entries[i].format(&text)
	}
	return text.String()
}

func (e *entry) format(text *strings.Builder) {
	text.WriteString(e.class.name)
	if e.class.allocated != "" {
		text.WriteString("(allocated: " + e.class.allocated + ")")
	}
	if x := e.class.extra; x != nil {
		x.format(text)
	}
	text.WriteByte(':')
	switch e.class.kind {
	case kindScalar:
		text.WriteString(formatMilli(e.scalar))
	case kindRanges:
		text.WriteString(formatRanges(e.ranges))
	case kindSet:
		text.WriteString(formatSet(e.set))
	}
	if e.copies > 1 {
		text.WriteString("<" + strconv.Itoa(e.copies) + ">")
	}
}

func (x *extra) format(text *strings.Builder) {
	if len(x.reservations) > 0 {
		parts := make([]string, len(x.reservations))
		for i, r := range x.reservations {
			fields := []string{r.GetType().String(), r.GetRole()}
			if r.Principal != nil {
				fields = append(fields, r.GetPrincipal())
			}
			if r.Labels != nil {
				fields = append(fields, formatLabels(r.GetLabels()))
			}
			parts[i] = "(" + strings.Join(fields, ",") + ")"
		}
		text.WriteString("(reservations: [" + strings.Join(parts, ",") + "])")
	}
	if x.disk != nil {
		text.WriteString("[" + formatDisk(x.disk) + "]")
	}
	if x.revocable {
		text.WriteString("{REV}")
	}
	if x.shared {
		text.WriteString("<SHARED>")
	}
}

func formatDisk(disk *mesosv1.Resource_DiskInfo) string {
	var parts []string
	if s := disk.GetSource(); s != nil {
		source := s.GetType().String()
		if root := s.GetPath().GetRoot() + s.GetMount().GetRoot(); root != "" {
			source += ":" + root
		}
		parts = append(parts, source)
	}
	if p := disk.GetPersistence(); p != nil {
		volume := p.GetId()
		if path := disk.GetVolume().GetContainerPath(); path != "" {
			volume += ":" + path
		}
		parts = append(parts, volume)
	}
	return strings.Join(parts, ",")
}

func formatLabels(labels *mesosv1.Labels) string {
	parts := make([]string, 0, len(labels.GetLabels()))
	for _, l := range labels.GetLabels() {
		part := l.GetKey()
		if l.Value != nil {
			part += ": " + l.GetValue()
		}
		parts = append(parts, part)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func formatMilli(m Milli) string { return formatFloat(m.Float()) }

func formatFloat(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func formatRanges(ranges []Range) string {
	var text strings.Builder
	text.WriteByte('[')
	for i, r := range ranges {
		if i > 0 {
			text.WriteString(", ")
		}
		text.WriteString(strconv.FormatUint(r.Begin, 10) + "-" + strconv.FormatUint(r.End, 10))
	}
	text.WriteByte(']')
	return text.String()
}

func formatSet(items []string) string { return "{" + strings.Join(items, ", ") + "}" }
