package gossip

import (
	"time"

	"github.com/hashicorp/memberlist"
)

// pinged hears how long members take to answer probes.
type pinged func(rtt time.Duration)

// AckPayload adds nothing to answers.
func (pinged) AckPayload() []byte { return nil }

// NotifyPingComplete is called for each answer.
func (p pinged) NotifyPingComplete(_ *memberlist.Node, rtt time.Duration, _ []byte) { p(rtt) }
