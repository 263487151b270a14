package view

import (
	"fmt"

	"codeberg.org/reeve/reeve/shared/agentlink"
)

// Text says for people what a drain asks: tasks is how many there are, in words.
func (d *Drain) Text(present bool, tasks string) string {
	text := tasks + " of it must end"
	if !present {
		text = "its tasks must end when it is back"
	}
	if d.MaxGrace != nil {
		text += fmt.Sprintf(" within %s each", *d.MaxGrace)
	}
	if d.MarkGone {
		text += "; then it is marked as gone"
	}
	return text
}

// Order is what an agent is told of its drain, nil for none. One that is drained still takes no tasks.
func (d *Drain) Order() *agentlink.Drain {
	if d == nil {
		return nil
	}
	order := &agentlink.Drain{MarkGone: d.MarkGone}
	if d.MaxGrace != nil {
		order.MaxGraceNs = new(d.MaxGrace.Nanoseconds())
	}
	return order
}
