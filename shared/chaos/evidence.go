package chaos

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"codeberg.org/reeve/reeve/shared/chaos/history"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// sandboxes reads what the tasks of an agent wrote.
func (d *daemon) sandboxes() ([]history.Run, error) {
	paths, err := filepath.Glob(filepath.Join(d.dir, "slaves/*/frameworks/*/executors/*/runs/*/stdout"))
	if err != nil {
		return nil, err
	}
	var runs []history.Run
	for _, path := range paths {
		run := filepath.Dir(path)
		if filepath.Base(run) == "latest" {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read what a task wrote: %w", err)
		}
		task := filepath.Base(filepath.Dir(filepath.Dir(run)))
		runs = append(runs, history.Run{
			Task: task, Dir: d.name + "/" + filepath.Base(run),
			Starts: strings.Count(string(text), "start\n"), Ends: strings.Count(string(text), "end\n"),
		})
	}
	return runs, nil
}

// leftovers lists what an agent holds though nothing runs.
func (d *daemon) leftovers() []string {
	var left []string
	records, err := filepath.Glob(filepath.Join(d.dir, "containers/*/record.json"))
	if err != nil {
		return []string{err.Error()}
	}
	for _, r := range records {
		left = append(left, "container "+filepath.Base(filepath.Dir(r))+" on "+d.name)
	}
	return left
}

// alive lists processes of tasks.
func alive(marker string) []string {
	var left []string
	for _, p := range processes() {
		if strings.Contains(p.command, ": "+marker+";") {
			left = append(left, fmt.Sprintf("process %d: %s", p.pid, p.command))
		}
	}
	return left
}

// unsettled says what is not as it is in a whole cluster where nothing runs; empty if everything is.
func (r *rig) unsettled(ctx context.Context) []string {
	var list []string
	for _, id := range r.framework.left() {
		list = append(list, "task "+id+" has no end")
	}
	list = append(list, r.unsettledMasters(ctx)...)
	list = append(list, r.unsettledAgents(ctx)...)
	for _, a := range r.cluster.agents {
		list = append(list, a.leftovers()...)
	}
	return append(list, alive(r.marker)...)
}

func (r *rig) unsettledMasters(ctx context.Context) []string {
	masters, err := r.client.Masters(ctx)
	if err != nil {
		return []string{"no master answers: " + err.Error()}
	}
	var list []string
	leaders := 0
	for _, m := range masters {
		switch {
		case m.State == reeveapi.MasterLeading:
			leaders++
		case m.State != reeveapi.MasterStandby || !m.Voter || m.Behind == nil || *m.Behind > 0:
			list = append(list, fmt.Sprintf("master %s is %s (voter %t)", m.Name, m.State, m.Voter))
		}
	}
	if leaders != 1 || len(masters) != len(r.cluster.masters) {
		list = append(list, fmt.Sprintf("%d masters, of which %d lead", len(masters), leaders))
	}
	return list
}

func (r *rig) unsettledAgents(ctx context.Context) []string {
	agents, err := r.client.Agents(ctx)
	if err != nil {
		return []string{"the agents are not told: " + err.Error()}
	}
	var list []string
	for _, a := range agents {
		switch {
		case a.State != reeveapi.AgentActive:
			list = append(list, fmt.Sprintf("agent %s is %s", a.Name, a.State))
		case a.Tasks > 0 || a.Allocated != (reeveapi.Amounts{}):
			list = append(list, fmt.Sprintf("agent %s has %d tasks and holds %+v", a.Name, a.Tasks, a.Allocated))
		}
	}
	if len(agents) != len(r.cluster.agents) {
		list = append(list, fmt.Sprintf("there are %d agents of %d", len(agents), len(r.cluster.agents)))
	}
	return list
}
