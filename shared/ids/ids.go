// Package ids names the things of a cluster by type, so that an agent's id can never be passed where a framework's is
// meant. It owns the rule for well-formed ids and nothing else: ids are minted by whoever creates the thing (the master
// for agents, frameworks and offers; the framework for tasks and executors; the agent for containers).
// Start reading at Check.
package ids

import (
	"fmt"
	"strings"
	"unicode"
)

// Agent is minted by the master that admitted the agent: "<master id>-S<n>" (spec 3.2). It survives restarts of both.
type Agent string

// Framework is minted at the first SUBSCRIBE: "<master id>-<n, four digits>" (spec 3.2).
type Framework string

// Offer is minted for each offer: "<master id>-O<n>" (spec 3.2). It is used up by one ACCEPT or DECLINE.
type Offer string

// Executor is chosen by the framework; for a command task it equals the task's id (spec 3.11).
type Executor string

// Container is a UUID minted by the agent for one run of one executor. One that is nested in another has a name of its own
// behind its parent's, with a dot between, which no part of a Mesos container id may hold (spec 3.13).
type Container string

// Nested is the container of that name within this one.
func (c Container) Nested(name string) Container { return c + "." + Container(name) }

// Split returns the container that this one is nested in, "" for none, and its own name.
func (c Container) Split() (parent Container, name string) {
	if i := strings.LastIndexByte(string(c), '.'); i >= 0 {
		return c[:i], string(c[i+1:])
	}
	return "", string(c)
}

// Root is the outermost container around this one, or itself.
func (c Container) Root() Container {
	root, _, _ := strings.Cut(string(c), ".")
	return Container(root)
}

// Master is a random UUID, new at every start of masterd (spec 3.2).
type Master string

// Job is chosen by the operator and is unique in the cluster.
type Job string

// Task names a task. Task ids are unique only within their framework, so both halves are needed.
type Task struct {
	Framework Framework
	ID        string
}

// String writes the task as "framework/task".
func (t Task) String() string { return string(t.Framework) + "/" + t.ID }

// maxLength is the longest id the wire allows (spec 3.1).
const maxLength = 255

// Check reports why an id breaks the rule of the spec's section 3.1, or nil. The error names the rule, not the noun: the
// caller says whose id it was.
func Check(id string) error {
	switch {
	case id == "":
		return fmt.Errorf("id must not be empty")
	case len(id) > maxLength:
		return fmt.Errorf("id has %d characters, the most allowed is %d", len(id), maxLength)
	case id == "." || id == "..":
		return fmt.Errorf("id must not be %q", id)
	case strings.ContainsAny(id, `/\`):
		return fmt.Errorf(`id %q must not contain "/" or "\"`, id)
	case strings.ContainsFunc(id, unicode.IsControl):
		return fmt.Errorf("id %q must not contain control characters", id)
	}
	return nil
}
