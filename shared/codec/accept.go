package codec

import (
	"strconv"
	"strings"
)

// FromContentType finds the form of a body. Parameters such as charset and upper case are forgiven, which Mesos does
// not do but no client depends on. It reports false for any other type.
func FromContentType(value string) (Codec, bool) {
	media, _, _ := strings.Cut(value, ";")
	switch c := Codec(strings.ToLower(strings.TrimSpace(media))); c {
	case JSON, Protobuf:
		return c, true
	default:
		return "", false
	}
}

// Negotiate picks the form of an answer from the lines of an Accept header. Without the header, and wherever both forms
// are acceptable, it is JSON whatever the q values say. It reports false if neither form is acceptable.
func Negotiate(accept []string) (Codec, bool) {
	for _, c := range []Codec{JSON, Protobuf} {
		if Accepts(accept, string(c)) {
			return c, true
		}
	}
	return "", false
}

// Accepts reports whether the lines of an Accept (or Message-Accept) header allow a media type. Only the last line
// counts: mesos-go sends two and Mesos keeps the last (spec pitfall 10). No header allows everything.
func Accepts(accept []string, media string) bool {
	if len(accept) == 0 {
		return true
	}
	line := accept[len(accept)-1]
	if strings.TrimSpace(line) == "" {
		return true
	}
	main, _, _ := strings.Cut(media, "/")
	allowed := false
	for part := range strings.SplitSeq(line, ",") {
		wanted, parameters, _ := strings.Cut(part, ";")
		wanted = strings.ToLower(strings.TrimSpace(wanted))
		if wanted != media && wanted != main+"/*" && wanted != "*/*" {
			continue
		}
		if excluded(parameters) {
			if wanted == media {
				return false // the exact type's word outweighs a wildcard's
			}
			continue
		}
		allowed = true
	}
	return allowed
}

// excluded reports whether the parameters contain q=0.
func excluded(parameters string) bool {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(parameter, "=")
		if strings.EqualFold(strings.TrimSpace(name), "q") {
			q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			return err == nil && q == 0
		}
	}
	return false
}
