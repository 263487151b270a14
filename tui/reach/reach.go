// Package reach is how an operator reaches a cluster: which masters he named, through which host, and whom he trusts. It makes
// the settings of a client of it, and the flags by which a command line reaches the same cluster. It connects to nothing.
// Start reading at Way.
package reach

import (
	"fmt"
	"strings"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/tui/jump"
)

// Way is a way to a cluster.
type Way struct {
	Context string   // name of the way in the operator's configuration, "" if flags said it
	Masters []string // host:port or https://host:port each
	SSH     string   // the host to go through, "" for none
	CA      string   // file with the certificates of whom to trust, "" for whom this machine trusts
	// PlainAgents: the masters have TLS before them, the agents do not.
	PlainAgents bool
}

// Check says what is wrong with a way, nil if nothing is. It looks at no file.
func (w Way) Check() error {
	if err := client.CheckMasters(w.Masters); err != nil {
		return err
	}
	if err := jump.Host(w.SSH).Check(); w.SSH != "" && err != nil {
		return err
	}
	if secure := strings.HasPrefix(w.Masters[0], "https://"); !secure && (w.CA != "" || w.PlainAgents) {
		return fmt.Errorf("ca and plain-agents are for masters that are named with https://, and %s is not", w.Masters[0])
	}
	return nil
}

// Client adds to the settings of a client how the cluster is reached.
func (w Way) Client(o client.Options) (client.Options, error) {
	o.Masters, o.PlainPeers = w.Masters, w.PlainAgents
	if w.SSH != "" {
		o.Dial = jump.Host(w.SSH).Dial
	}
	if w.CA == "" {
		return o, nil
	}
	authorities, err := client.Authorities(w.CA)
	if err != nil {
		return o, fmt.Errorf("--ca: %w", err)
	}
	o.Authorities = authorities
	return o, nil
}

// Flags are what a command line of this machine needs to reach the same cluster.
func (w Way) Flags() []string {
	if w.Context != "" {
		return []string{"--context=" + w.Context}
	}
	return w.Explicit()
}

// Explicit are the flags that say the same without the operator's configuration.
func (w Way) Explicit() []string {
	flags := []string{"--master=" + strings.Join(w.Masters, ",")}
	if w.SSH != "" {
		flags = append(flags, "--ssh="+w.SSH)
	}
	if w.CA != "" {
		flags = append(flags, "--ca="+w.CA)
	}
	if w.PlainAgents {
		flags = append(flags, "--plain-agents")
	}
	return flags
}
