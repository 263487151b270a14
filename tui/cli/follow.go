package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/run"
	"codeberg.org/reeve/reeve/shared/taskstate"
	"codeberg.org/reeve/reeve/tui/cli/find"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

// follower shows a job from its submission to its end: output on stdout, states on stderr.
type follower struct {
	app     *app
	client  *client.Client
	tracked *tracker
	many    bool // more than one instance: their lines are told apart by a prefix
	out     *lockedWriter

	logs  map[string]bool   // by task: somebody reads it
	said  map[string]string // by task: the last state that was told
	state string            // of the job
}

// followJob returns nil if the job finished, and an error that says what became of it if not.
func (a *app) followJob(ctx context.Context, spec reeveapi.JobSpec) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	f := &follower{
		app: a, client: c, tracked: trackJob(spec.Name), many: spec.Instances > 1,
		out: &lockedWriter{out: a.stdout}, logs: map[string]bool{}, said: map[string]string{},
	}
	var result error
	watching := run.NewGroup(ctx)
	watching.Go("follow the job", func(ctx context.Context) error { return f.tracked.run(ctx, c) })
	watching.Go("show the job", func(ctx context.Context) error {
		defer watching.Stop()
		result = f.show(ctx)
		return nil
	})
	if err := watching.Wait(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		fmt.Fprintf(a.stderr, "Job %s goes on without you; \"reeve logs -f %s\" shows it again\n", spec.Name, spec.Name)
		return ctx.Err()
	}
	return result
}

// show returns when the job and the logs of all its tasks have ended.
func (f *follower) show(ctx context.Context) error {
	reading := run.NewGroup(ctx)
	for {
		job, tasks := f.tracked.all()
		for _, task := range tasks {
			f.tell(task)
			if !f.logs[find.FullName(task)] {
				f.logs[find.FullName(task)] = true
				f.read(reading, task, job)
			}
		}
		if job != nil {
			f.tellJob(job)
			if ended(job.State) {
				// What the tasks wrote last may still be on its way.
				if err := reading.Wait(); err != nil {
					return err
				}
				return outcome(job)
			}
		}
		select {
		case <-f.tracked.changed:
		case <-ctx.Done():
			reading.Stop()
			_ = reading.Wait() // ended by us, so that it has nothing to say
			return ctx.Err()
		}
	}
}

// read follows both of a task's files in goroutines of their own.
func (f *follower) read(reading *run.Group, task reeveapi.Task, job *reeveapi.Job) {
	prefix := ""
	if f.many {
		prefix = "[" + instanceOf(job, task) + "] "
	}
	name := find.FullName(task)
	for _, file := range []string{"stdout", "stderr"} {
		out, flush := f.writer(task.ID, file, prefix)
		log := &taskLog{client: f.client, task: task, file: file, out: out, notes: f.app.stderr}
		log.newest = func() (reeveapi.Task, bool) { return f.tracked.task(name) }
		reading.Go("read the log of "+name, func(ctx context.Context) error {
			err := errors.Join(log.follow(ctx, func() bool { return f.tracked.ended(name) }), flush())
			if err != nil && ctx.Err() == nil {
				// A log that can't be read does not change the job's result.
				fmt.Fprintf(f.app.stderr, "Reading %s of %s stopped: %s\n", log.file, task.ID, output.OneLine(err.Error()))
				return nil
			}
			return err
		})
	}
}

// writer is where a stream of a task goes: each to its own, or for programs both to stdout, as lines that tell whose they are.
func (f *follower) writer(task, file, prefix string) (w io.Writer, flush func() error) {
	if out, flush := f.app.logWriter(f.out, task, file); out != io.Writer(f.out) {
		return out, flush
	}
	lines := &prefixer{out: f.out, prefix: prefix}
	if file == "stderr" {
		lines.out = &lockedWriter{out: f.app.stderr}
	}
	return lines, func() error { lines.flush(); return nil }
}

func instanceOf(job *reeveapi.Job, task reeveapi.Task) string {
	if job != nil {
		for _, i := range job.Instances {
			if i.Task == task.ID {
				return strconv.Itoa(i.Index)
			}
		}
	}
	return task.ID
}

// tell says a task's new state once.
func (f *follower) tell(task reeveapi.Task) {
	name := find.FullName(task)
	if f.said[name] == task.State {
		return
	}
	f.said[name] = task.State
	text := "Task " + task.ID + " is " + taskstate.LabelOf(task.State)
	if task.AgentName != "" {
		text += " on " + task.AgentName
	}
	if task.Message != "" {
		text += ": " + task.Message
	}
	fmt.Fprintln(f.app.stderr, output.OneLine(text))
}

func (f *follower) tellJob(job *reeveapi.Job) {
	text := "Job " + job.Spec.Name + " is " + job.State
	if job.Waiting != "" {
		text += ": " + job.Waiting
	}
	if text != f.state {
		f.state = text
		fmt.Fprintln(f.app.stderr, output.OneLine(text))
	}
}

func ended(state string) bool {
	return state == reeveapi.JobFinished || state == reeveapi.JobFailed || state == reeveapi.JobStopped
}

func outcome(job *reeveapi.Job) error {
	if job.State == reeveapi.JobFinished {
		return nil
	}
	why := ""
	for _, i := range job.Instances {
		if i.State != "" && i.State != "TASK_FINISHED" {
			why = fmt.Sprintf(": instance %d %s", i.Index, taskstate.LabelOf(i.State))
			if i.Message != "" {
				why += ", " + i.Message
			}
			break
		}
	}
	state := job.State
	if state == reeveapi.JobStopped {
		state = "was stopped"
	}
	return fault.New(fault.Conflict, "job %s %s%s; \"reeve jobs %s\" shows its instances", job.Spec.Name, state, why, job.Spec.Name)
}

// lockedWriter lets several logs write to one place.
type lockedWriter struct {
	mu  sync.Mutex // guards out
	out io.Writer
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.Write(p)
}

// prefixer writes whole lines, each behind a prefix. Without a prefix it passes everything on at once.
type prefixer struct {
	out    io.Writer
	prefix string
	rest   []byte
}

// maxHeld is the longest line that is held back until it is complete.
const maxHeld = 64 << 10

func (p *prefixer) Write(data []byte) (int, error) {
	if p.prefix == "" {
		return p.out.Write(data)
	}
	p.rest = append(p.rest, data...)
	for {
		end := bytes.IndexByte(p.rest, '\n')
		if end < 0 && len(p.rest) < maxHeld {
			return len(data), nil
		}
		if end < 0 {
			end = len(p.rest) - 1
		}
		line := append([]byte(p.prefix), p.rest[:end+1]...)
		p.rest = append(p.rest[:0], p.rest[end+1:]...)
		if _, err := p.out.Write(line); err != nil {
			return 0, err
		}
	}
}

// flush writes a last line that has no end.
func (p *prefixer) flush() {
	if len(p.rest) > 0 {
		_, _ = p.out.Write(append(append([]byte(p.prefix), p.rest...), '\n')) // the reader is gone; nobody is left to tell
		p.rest = nil
	}
}
