package runtime

import (
	"encoding/json"

	"codeberg.org/reeve/reeve/shared/ids"
)

// Network is one of a container's own, or of a pod and all that is nested in it. It has a loopback of its own, and what it
// joins.
type Network struct {
	Of       ids.Container // the container itself, or the pod
	Join     []Join        // nothing but the loopback if empty
	Variable string        // environment variable that is told the first address; "" for none
}

// Join asks for an interface in a network that the operator has defined.
type Join struct {
	Network string
	Ports   []Port
	Args    json.RawMessage `json:",omitempty"` // an object, which plugins find in the args of their configuration; nil for none
}

// Port of the host leads to one of the container.
type Port struct {
	Host, Container uint16
	Protocol        string // "tcp" or "udp"
}

// Joined is what came of a Join.
type Joined struct {
	Join
	Addresses []string // without the length of the prefix
}
