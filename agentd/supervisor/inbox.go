package supervisor

import (
	"sync"

	"codeberg.org/reeve/reeve/agentd/workload"
)

// inbox holds effects that somebody will carry out in order.
type inbox struct {
	wake chan struct{} // 1: something was pushed

	mu    sync.Mutex // guards queue
	queue []workload.Effect
}

func newInbox() *inbox { return &inbox{wake: make(chan struct{}, 1)} }

func (i *inbox) push(eff workload.Effect) {
	i.mu.Lock()
	i.queue = append(i.queue, eff)
	i.mu.Unlock()
	select {
	case i.wake <- struct{}{}:
	default:
	}
}

func (i *inbox) pop() (workload.Effect, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.queue) == 0 {
		return nil, false
	}
	eff := i.queue[0]
	i.queue = i.queue[1:]
	return eff, true
}
