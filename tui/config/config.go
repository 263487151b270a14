// Package config reads the operator's own configuration: which clusters there are, how each is to be treated, and how the
// console looks. It never writes the file and never connects to anything. Start reading at Load.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/tui/jump"
	"codeberg.org/reeve/reeve/tui/reach"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

// Config is the file's content. The zero value is an empty file's.
type Config struct {
	Context  string             `yaml:"context" json:"context"` // the one to begin with
	Contexts map[string]Context `yaml:"contexts" json:"contexts"`
	Console  Console            `yaml:"console" json:"console"`

	doc *yaml.Node // where what stands
}

// Context is one cluster.
type Context struct {
	Masters    []string `yaml:"masters" json:"masters"`       // host:port or https://host:port each; any will do
	Production bool     `yaml:"production" json:"production"` // the console says so, and wants a word typed before it changes anything
	ReadOnly   bool     `yaml:"read-only" json:"read-only"`
	Theme      string   `yaml:"theme" json:"theme"`       // dark, light or auto; "" takes the console's
	SSH        string   `yaml:"ssh" json:"ssh,omitempty"` // the host through which masters and agents are reached, as ssh names it; "" needs none
	// CA is a file with the certificates of whom to trust about https:// masters; below the configuration's directory, or ~/.
	CA          string `yaml:"ca" json:"ca,omitempty"`
	PlainAgents bool   `yaml:"plain-agents" json:"plain-agents,omitempty"` // only the masters have TLS before them
}

// Way is how to reach it. Its name is given by who has it.
func (x Context) Way(name string) reach.Way {
	return reach.Way{Context: name, Masters: x.Masters, SSH: x.SSH, CA: x.CA, PlainAgents: x.PlainAgents}
}

// Console is how the console looks everywhere.
type Console struct {
	Theme string `yaml:"theme" json:"theme"` // dark, light or auto
	ASCII bool   `yaml:"ascii" json:"ascii"`
	Mouse bool   `yaml:"mouse" json:"mouse"`

	Columns map[string][]string `yaml:"columns" json:"columns,omitempty"` // own sets of columns by list: NAME or NAME:WIDTH each
}

// maxSize bounds the file, in bytes.
const maxSize = 1 << 20

// Path is where the file is: $REEVE_CONFIG, or reeve/config.yaml below the XDG configuration directory. getenv looks up
// the environment.
func Path(getenv func(string) string) string {
	if path := getenv("REEVE_CONFIG"); path != "" {
		return path
	}
	base := getenv("XDG_CONFIG_HOME")
	if base == "" || !filepath.IsAbs(base) {
		base = filepath.Join(getenv("HOME"), ".config")
	}
	return filepath.Join(base, "reeve", "config.yaml")
}

// Load reads a file. One that does not exist is an empty one; what is wrong in one is told with its line.
func Load(path string) (Config, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Config{}, nil
	}
	if err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	if len(data) > maxSize {
		return Config{}, fmt.Errorf("%s has more than %d bytes, which no configuration needs", path, maxSize)
	}
	c, err := Parse(data)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	for name, x := range c.Contexts {
		x.CA = besides(path, x.CA)
		c.Contexts[name] = x
	}
	return c, nil
}

// besides is where a file is that is named in the file at path.
func besides(path, name string) string {
	if rest, home := strings.CutPrefix(name, "~/"); home {
		if dir, err := os.UserHomeDir(); err == nil {
			return filepath.Join(dir, rest)
		}
	}
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(path), name)
}

// CheckFiles refuses files that cannot be read or have not in them what they should.
func (c Config) CheckFiles() error {
	for _, name := range c.Names() {
		if ca := c.Contexts[name].CA; ca != "" {
			if _, err := client.Authorities(ca); err != nil {
				return fmt.Errorf("line %d: context %q: %w", line(c.doc, "contexts", name, "ca"), name, err)
			}
		}
	}
	return nil
}

// Parse reads the content of a file.
func Parse(data []byte) (Config, error) {
	var c Config
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return Config{}, explain(err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return Config{}, explain(err)
	}
	c.doc = &doc
	return c, c.check(&doc)
}

var (
	unknownKey = regexp.MustCompile(`^line (\d+): field (.*) not found in type .*$`)
	wrongType  = regexp.MustCompile("^line (\\d+): cannot unmarshal \\S+ `(.*)` into (.*)$")
)

// explain makes sentences for operators of what the YAML library says to programmers.
func explain(err error) error {
	typed, ok := errors.AsType[*yaml.TypeError](err)
	if !ok {
		return fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	out := make([]string, len(typed.Errors))
	for i, text := range typed.Errors {
		switch {
		case unknownKey.MatchString(text):
			text = unknownKey.ReplaceAllString(text, `line $1: unknown key "$2"`)
			text += "; known are context, contexts (masters, ssh, ca, plain-agents, production, read-only, theme) and console (theme, ascii, mouse, columns)"
		case wrongType.MatchString(text):
			m := wrongType.FindStringSubmatch(text)
			text = fmt.Sprintf("line %s: %q is not %s", m[1], m[2], kinds[m[3]])
		}
		out[i] = text
	}
	return errors.New(strings.Join(out, "; "))
}

var kinds = map[string]string{"bool": "true or false", "[]string": "a list", "string": "a text", "config.Context": "a context", "config.Console": "settings", "map[string][]string": "lists with their columns"}

// check refuses what is well-formed but can't be meant.
func (c Config) check(doc *yaml.Node) error {
	if err := theme(c.Console.Theme, doc, "console"); err != nil {
		return err
	}
	for list, columns := range c.Console.Columns {
		for i, text := range columns {
			if _, err := table.ParsePick(text); err != nil {
				return fmt.Errorf("line %d: %w; write NAME or NAME:WIDTH", lineOf(doc, list, i), err)
			}
		}
	}
	for _, name := range c.Names() {
		if err := c.Contexts[name].check(name, doc); err != nil {
			return err
		}
	}
	if _, known := c.Contexts[c.Context]; c.Context != "" && !known {
		return fmt.Errorf("line %d: %w", line(doc, "context"), c.unknown(c.Context))
	}
	return nil
}

func (x Context) check(name string, doc *yaml.Node) error {
	if len(x.Masters) == 0 {
		return fmt.Errorf("line %d: context %q names no masters; write masters: [host:port]", line(doc, "contexts", name), name)
	}
	for _, m := range x.Masters {
		if err := client.CheckMaster(m); err != nil {
			return fmt.Errorf("line %d: context %q: %w", line(doc, "contexts", name, "masters"), name, err)
		}
	}
	if err := jump.Host(x.SSH).Check(); x.SSH != "" && err != nil {
		return fmt.Errorf("line %d: context %q: %w", line(doc, "contexts", name, "ssh"), name, err)
	}
	if err := x.Way(name).Check(); err != nil {
		return fmt.Errorf("line %d: context %q: %w", line(doc, "contexts", name, "masters"), name, err)
	}
	return theme(x.Theme, doc, "contexts", name)
}

// Picks are the own sets of columns by list.
func (c Config) Picks() map[string][]table.Pick {
	out := map[string][]table.Pick{}
	for list, columns := range c.Console.Columns {
		for _, text := range columns {
			if p, err := table.ParsePick(text); err == nil { // check has seen to the others
				out[list] = append(out[list], p)
			}
		}
	}
	return out
}

// CheckColumns refuses lists and columns that are not among those that there are.
func (c Config) CheckColumns(known map[string][]string) error {
	for _, list := range slices.Sorted(maps.Keys(c.Console.Columns)) {
		names, ok := known[list]
		if !ok {
			return fmt.Errorf("line %d: there is no list %q; there are %s", line(c.doc, "console", "columns", list), list, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		for i, p := range c.Picks()[list] {
			if !slices.ContainsFunc(names, func(name string) bool { return table.Same(name, p.Name) }) {
				return fmt.Errorf("line %d: the list %s has no column %q; it has %s", lineOf(c.doc, list, i), list, p.Name, strings.Join(names, ", "))
			}
		}
	}
	return nil
}

// lineOf is where entry i of a list's columns stands.
func lineOf(doc *yaml.Node, list string, i int) int {
	at := find(doc, "console", "columns", list)
	if at == nil || i >= len(at.Content) {
		return line(doc, "console", "columns", list)
	}
	return at.Content[i].Line
}

func theme(name string, doc *yaml.Node, path ...string) error {
	switch name {
	case "", "dark", "light", "auto":
		return nil
	}
	return fmt.Errorf("line %d: a theme is dark, light or auto, not %q", line(doc, append(path, "theme")...), name)
}

// find is the value of a key, nil if it is not there.
func find(doc *yaml.Node, path ...string) *yaml.Node {
	if len(doc.Content) == 0 {
		return nil
	}
	node := doc.Content[0]
	for _, key := range path {
		i := 0
		for i+1 < len(node.Content) && node.Content[i].Value != key {
			i += 2
		}
		if i+1 >= len(node.Content) {
			return nil
		}
		node = node.Content[i+1]
	}
	return node
}

// line is where a key stands in the file, 1 if it is not there.
func line(doc *yaml.Node, path ...string) int {
	if len(doc.Content) == 0 {
		return 1
	}
	node, at := doc.Content[0], 1
	for _, key := range path {
		found := false
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == key {
				at, node, found = node.Content[i].Line, node.Content[i+1], true
				break
			}
		}
		if !found {
			return at
		}
	}
	return at
}

// Names are the names of the contexts, sorted.
func (c Config) Names() []string { return slices.Sorted(maps.Keys(c.Contexts)) }

// Find is a context by its name; "" is the one to begin with, and none if there is no such.
func (c Config) Find(name string) (Context, error) {
	if name == "" {
		name = c.Context
	}
	x, known := c.Contexts[name]
	if !known && name != "" {
		return Context{}, c.unknown(name)
	}
	return x, nil
}

func (c Config) unknown(name string) error {
	if len(c.Contexts) == 0 {
		return fmt.Errorf("there is no context %q; none is configured", name)
	}
	return fmt.Errorf("there is no context %q; there are %s", name, strings.Join(c.Names(), ", "))
}
