// Package jobfile reads and writes the files of jobs, in YAML or JSON. It knows the keys that a job may have and says at
// which line and column something is wrong; what the values mean is the master's to judge. Start reading at Read.
package jobfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// MaxSize bounds a job's file; a real one has a few hundred bytes.
const MaxSize = 1 << 20

// Error is a mistake in a file.
type Error struct {
	Line, Column int // from 1; 0 if it is about the whole file
	Text         string
}

// Error says where and what.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Text
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Text)
}

// Read reads a file over what spec says already. JSON is YAML, but for what plain puts right. Its error is an *Error.
func Read(text []byte, spec *reeveapi.JobSpec) error {
	if len(text) > MaxSize {
		return &Error{Text: fmt.Sprintf("the file is larger than %d bytes", MaxSize)}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(plain(text)))
	var document yaml.Node
	if err := decoder.Decode(&document); err != nil {
		if errors.Is(err, io.EOF) {
			return &Error{Text: "the file is empty"}
		}
		return &Error{Text: strings.TrimPrefix(err.Error(), "yaml: ")}
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return &Error{Text: "the file has more than one document; submit one job after the other"}
	}
	root := document.Content[0]
	if err := check(root, reflect.TypeFor[reeveapi.JobSpec](), ""); err != nil {
		return err
	}
	if err := root.Decode(spec); err != nil { // nothing is left that can be wrong, but for merge keys
		return &Error{Text: strings.TrimPrefix(err.Error(), "yaml: ")}
	}
	return nil
}

func wrong(at *yaml.Node, format string, args ...any) error {
	return &Error{Line: at.Line, Column: at.Column, Text: fmt.Sprintf(format, args...)}
}

// check compares a node with the type that it is to become. where names it for people.
func check(node *yaml.Node, want reflect.Type, where string) error {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if node.Tag == "!!null" && where != "" && holdsMore(want) {
		return nil // a key with nothing below it says nothing
	}
	for want.Kind() == reflect.Pointer {
		want = want.Elem()
	}
	switch want.Kind() {
	case reflect.Struct:
		return checkStruct(node, want, where)
	case reflect.Map:
		if node.Kind != yaml.MappingNode {
			return wrong(node, "%s must be a list of NAME: VALUE", where)
		}
		for i := 0; i < len(node.Content); i += 2 {
			if err := check(node.Content[i+1], want.Elem(), where+"."+node.Content[i].Value); err != nil {
				return err
			}
		}
		return nil
	case reflect.Slice:
		if node.Kind != yaml.SequenceNode {
			return wrong(node, "%s must be a list", where)
		}
		for _, item := range node.Content {
			if err := check(item, want.Elem(), where); err != nil {
				return err
			}
		}
		return nil
	default:
		return checkScalar(node, want, where)
	}
}

// holdsMore says whether a type is none that a single value is written for, or may be left out.
func holdsMore(t reflect.Type) bool {
	return slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Struct, reflect.Map, reflect.Slice}, t.Kind())
}

func checkScalar(node *yaml.Node, want reflect.Type, where string) error {
	names := map[reflect.Kind]string{
		reflect.Int: "a whole number", reflect.Uint64: "a whole number of at least 0", reflect.Float64: "a number", reflect.Bool: "true or false", reflect.String: "a text",
	}
	if node.Kind != yaml.ScalarNode {
		return wrong(node, "%s must be %s", where, names[want.Kind()])
	}
	if node.Decode(reflect.New(want).Interface()) != nil {
		return wrong(node, "%s must be %s, %q is given", where, names[want.Kind()], node.Value)
	}
	return nil
}

func checkStruct(node *yaml.Node, want reflect.Type, where string) error {
	if node.Kind != yaml.MappingNode {
		if where == "" {
			return wrong(node, "the file must hold the keys of a job, such as name and command")
		}
		return wrong(node, "%s must hold keys of its own", where)
	}
	fields, known := map[string]reflect.Type{}, []string{}
	for field := range want.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		fields[name] = field.Type
		known = append(known, name)
	}
	seen := map[string]int{}
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		path := strings.TrimPrefix(where+"."+key.Value, ".")
		if key.Tag == "!!merge" {
			continue
		}
		typ, ok := fields[key.Value]
		switch {
		case !ok:
			return wrong(key, "there is no key %s%s", path, meant(key.Value, known))
		case seen[key.Value] > 0:
			return wrong(key, "%s is given twice, before at line %d", path, seen[key.Value])
		}
		seen[key.Value] = key.Line
		if err := check(value, typ, path); err != nil {
			return err
		}
	}
	return nil
}

// meant guesses at a misspelled key, and lists all where it cannot.
func meant(key string, known []string) string {
	best, least := "", 3 // more letters than that are another word
	for _, name := range known {
		if d := distance(strings.ToLower(key), name); d < least {
			best, least = name, d
		}
	}
	if best != "" {
		return fmt.Sprintf("; did you mean %s?", best)
	}
	known = slices.Clone(known)
	slices.Sort(known)
	return "; there are " + strings.Join(known, ", ")
}

// distance is how many letters have to be put in, taken out or changed.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			above := row[j]
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(row[j]+1, row[j-1]+1, diagonal+cost)
			diagonal = above
		}
	}
	return row[len(b)]
}

// Write writes a job's file.
func Write(spec reeveapi.JobSpec) ([]byte, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(spec); err != nil {
		return nil, err
	}
	return out.Bytes(), encoder.Close()
}
