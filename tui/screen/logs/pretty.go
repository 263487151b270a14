package logs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// The names under which programs write the parts of a line that are read first.
var (
	timeNames    = []string{"time", "ts", "timestamp", "@timestamp", "t"}
	levelNames   = []string{"level", "severity", "lvl", "log.level"}
	messageNames = []string{"msg", "message", "event", "error", "err"}
)

// pretty writes a line that is a JSON object as people would: time, level and message first and bare, then the other
// members in their order. Any other line stays as it is.
func pretty(line string) string {
	trimmed := strings.TrimSpace(line)
	if !strings.HasPrefix(trimmed, "{") || !strings.HasSuffix(trimmed, "}") {
		return line
	}
	members, ok := object(trimmed)
	if !ok || len(members) == 0 {
		return line
	}
	var head, tail []string
	for _, names := range [][]string{timeNames, levelNames, messageNames} {
		for i, m := range members {
			if oneOf(m.name, names) {
				head = append(head, m.bare())
				members = append(members[:i:i], members[i+1:]...)
				break
			}
		}
	}
	for _, m := range members {
		tail = append(tail, m.name+"="+m.quoted())
	}
	text := strings.Join(head, " ")
	if len(head) > 0 && len(tail) > 0 {
		text += "  "
	}
	return text + strings.Join(tail, " ")
}

// member is one of an object's.
type member struct {
	name  string
	value json.RawMessage
}

// object reads an object's members in their order.
func object(text string) ([]member, bool) {
	dec := json.NewDecoder(strings.NewReader(text))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	var out []member
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, false
		}
		m := member{name: fmt.Sprint(name)}
		if dec.Decode(&m.value) != nil {
			return nil, false
		}
		out = append(out, m)
	}
	_, err := dec.Token()
	return out, err == nil && !dec.More()
}

// bare is the value as it is read: a text without its quotes.
func (m member) bare() string {
	var text string
	if m.value[0] == '"' && json.Unmarshal(m.value, &text) == nil {
		return oneLine(text)
	}
	var b bytes.Buffer
	if json.Compact(&b, m.value) != nil {
		return string(m.value)
	}
	return b.String()
}

// quoted is bare, in quotes where its end could not be seen otherwise.
func (m member) quoted() string {
	text := m.bare()
	if m.value[0] == '"' && (text == "" || strings.ContainsAny(text, " =\"")) {
		return fmt.Sprintf("%q", text)
	}
	return text
}

// oneLine keeps a text of several lines, such as a stack, on one.
func oneLine(text string) string {
	return strings.NewReplacer("\r\n", " | ", "\n", " | ", "\t", " ").Replace(strings.TrimRight(text, "\n"))
}

func oneOf(name string, names []string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}
