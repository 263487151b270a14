package term

import (
	"context"

	"codeberg.org/reeve/reeve/masterd/jobs"
	"codeberg.org/reeve/reeve/masterd/jobspec"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/secrets"
)

// Secrets lists what is known of all secrets but their values, by name.
func (t *Term) Secrets(ctx context.Context) ([]reeveapi.Secret, error) {
	var list []reeveapi.Secret
	err := t.loop.Inspect(ctx, func() { list = t.machine.jobs.Secrets() })
	return list, t.explain(err)
}

// SetSecret seals and stores a secret.
func (t *Term) SetSecret(ctx context.Context, name string, value []byte, by string) error {
	if err := jobspec.CheckSecret(name, len(value)); err != nil {
		return err
	}
	sealed := t.cfg.Keys.Seal(name, value)
	_, err := t.DoJob(ctx, func(ticket jobs.Ticket) jobs.Input {
		return jobs.SetSecret{Ticket: ticket, Name: name, Size: len(value), Sealed: sealed, By: by}
	})
	return err
}

// RemoveSecret forgets a secret that no job needs.
func (t *Term) RemoveSecret(ctx context.Context, name, by string) error {
	_, err := t.DoJob(ctx, func(ticket jobs.Ticket) jobs.Input {
		return jobs.RemoveSecret{Ticket: ticket, Name: name, By: by}
	})
	return err
}

// withSecrets puts the values of secrets into the tasks of jobs that are on their way to an agent. This is the only place
// where a value meets a task: what the machines, and so every reader, have of a task are names. Other frameworks' tasks go
// as they are, for the secrets are not theirs. It runs on the loop. A secret that cannot be opened stays a name, which the
// agent fails the task for.
func (t *Term) withSecrets(m *agentlink.FromMaster) *agentlink.FromMaster {
	run := m.GetRunTasks()
	if run.GetFramework().GetId().GetValue() != string(jobs.FrameworkID) {
		return m
	}
	open := func(name string) ([]byte, bool) {
		secret, ok := t.machine.jobs.Secret(name)
		if !ok {
			return nil, false
		}
		value, err := t.cfg.Keys.Open(name, secret.Sealed)
		if err != nil {
			t.log.Error("a secret cannot be opened, the task that needs it will fail", logkey.ID(name), logkey.Err(err))
			return nil, false
		}
		return value, true
	}
	tasks, any := make([]*mesosv1.TaskInfo, 0, len(run.GetTasks())), false
	for _, info := range run.GetTasks() {
		full := secrets.Fill(info, open)
		tasks, any = append(tasks, full), any || full != info
	}
	if !any {
		return m
	}
	return &agentlink.FromMaster{Message: &agentlink.FromMaster_RunTasks{RunTasks: &agentlink.RunTasks{
		Framework: run.GetFramework(), Executor: run.GetExecutor(), Tasks: tasks, Group: run.GetGroup(), ExecutorRuns: run.GetExecutorRuns(),
	}}}
}
