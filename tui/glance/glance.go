// Package glance asks agents how busy the tasks are that a question is about, while the question is open. Each agent is asked for
// itself, so that one that does not answer hides nothing of what others know. It changes nothing and draws nothing. Start reading at
// At.
package glance

import (
	"context"
	"fmt"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/store"
)

// Bounds of the asking: a question is open for seconds, and a close look costs an agent a few milliseconds.
const (
	patience = 3 * time.Second // with one agent
	batch    = 32              // tasks that are asked for one after the other; what an agent has beyond them is asked for beside that
)

// Ask is a source's ContainerDetail.
type Ask func(ctx context.Context, agentHTTP, framework, task string) (*reeveapi.ContainerDetail, error)

// Busy is what is known of tasks, by their ids as the store has them, for people: "41 conns".
type Busy map[string]string

// At answers functions for each agent that runs some of the tasks, one for each batch of them. It waits for the agent, and answers
// what that knows.
func At(tasks []*reeveapi.Task, ask Ask) []func(ctx context.Context) Busy {
	if ask == nil {
		return nil
	}
	var order []string
	on := map[string][]*reeveapi.Task{}
	for _, t := range tasks {
		if t.AgentHTTP == "" || t.State != "TASK_RUNNING" {
			continue
		}
		if on[t.AgentHTTP] == nil {
			order = append(order, t.AgentHTTP)
		}
		on[t.AgentHTTP] = append(on[t.AgentHTTP], t)
	}
	var out []func(context.Context) Busy
	for _, agent := range order {
		for some := range slices.Chunk(on[agent], batch) {
			out = append(out, func(ctx context.Context) Busy { return of(ctx, agent, some, ask) })
		}
	}
	return out
}

// of asks an agent for some tasks, one after the other.
func of(ctx context.Context, agent string, tasks []*reeveapi.Task, ask Ask) Busy {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	busy := Busy{}
	for _, t := range tasks {
		// What cannot be had is not said: the question is the same without it.
		if d, err := ask(ctx, agent, t.Framework, t.ID); err == nil && d.Connections != nil {
			busy[store.TaskKey(t)] = connections(*d.Connections)
		}
	}
	return busy
}

func connections(n int) string {
	if n == 1 {
		return "1 conn"
	}
	return fmt.Sprintf("%d conns", n)
}
