package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/run"
	"codeberg.org/reeve/reeve/tui/cli/find"
	"codeberg.org/reeve/reeve/tui/cli/output"
	"codeberg.org/reeve/reeve/tui/cli/stream"
)

const (
	logChunk  = 64 << 10 // what an agent gives at once (spec 7.4)
	logPoll   = 250 * time.Millisecond
	logErrors = 20 // polls in a row that may fail once the task has ended
)

func (a *app) logsCommand() *cobra.Command {
	follow, stderr, since := false, false, ""
	command := &cobra.Command{
		Use: "logs TASK", Short: "Print what a task has written; TASK is a task's id or a job's name", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			file := "stdout"
			if stderr {
				file = "stderr"
			}
			if err := checkSince(since); err != nil {
				return err
			}
			return a.logs(command, args[0], file, since, follow)
		},
	}
	command.Flags().BoolVarP(&follow, "follow", "f", false, "go on until the task has ended")
	command.Flags().BoolVar(&stderr, "stderr", false, "print what went to stderr instead of stdout")
	command.Flags().StringVar(&since, "since", "", "print only what was written since: 5m ago, or a time such as 2026-01-02T15:04:05Z")
	return command
}

// checkSince refuses what is neither a duration nor a time.
func checkSince(since string) error {
	if since == "" {
		return nil
	}
	if d, err := time.ParseDuration(since); err == nil && d >= 0 {
		return nil
	}
	if _, err := time.Parse(time.RFC3339, since); err != nil {
		return usagef("--since %q is neither a duration, such as 5m or 2h30m, nor a time, such as 2026-01-02T15:04:05Z", since)
	}
	return nil
}

func (a *app) logs(command *cobra.Command, name, file, since string, follow bool) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	task, err := a.find(command.Context(), c, name)
	if err != nil {
		return err
	}
	out, flush := a.logWriter(a.stdout, task.ID, file)
	log := &taskLog{client: c, task: task, file: file, since: since, out: out, notes: a.stderr}
	if !follow {
		return errors.Join(log.drain(command.Context()), flush())
	}
	tracked := trackTask(task)
	log.newest = func() (reeveapi.Task, bool) { return tracked.task(find.FullName(task)) }
	group := run.NewGroup(command.Context())
	group.Go("follow the task", func(ctx context.Context) error { return tracked.run(ctx, c) })
	group.Go("follow the log", func(ctx context.Context) error {
		defer group.Stop()
		return log.follow(ctx, func() bool { return tracked.ended(find.FullName(task)) })
	})
	if err := errors.Join(group.Wait(), flush()); err != nil {
		return err
	}
	return command.Context().Err()
}

// logWriter is where a task's output goes: as it is, or for programs that read JSON or YAML each line with the task's id and the
// stream. flush is for the end.
func (a *app) logWriter(out io.Writer, task, file string) (w io.Writer, flush func() error) {
	if a.output != output.JSON && a.output != output.YAML {
		return out, func() error { return nil }
	}
	lines := &stream.Lines{Out: out, Form: a.output, Task: task, Stream: file}
	return lines, lines.Flush
}

// taskLog reads one file of one task from where it stopped the last time.
type taskLog struct {
	client *client.Client
	task   reeveapi.Task
	file   string
	since  string // what to begin with; "" for all
	out    io.Writer
	notes  io.Writer                    // for what is not there; nil for nobody
	newest func() (reeveapi.Task, bool) // what is known of the task by now; nil if nobody follows it
	offset int64
	begun  bool
}

func (l *taskLog) path() string { return l.task.Sandbox + "/" + l.file }

// drain copies what there is.
func (l *taskLog) drain(ctx context.Context) error {
	for {
		count, err := l.read(ctx)
		if err != nil || count == 0 {
			return err
		}
	}
}

// read copies the next piece and says how large it was.
func (l *taskLog) read(ctx context.Context) (int, error) {
	q := client.LogQuery{Path: l.path(), Offset: l.offset, Limit: logChunk}
	if !l.begun {
		q.Since = l.since
	}
	if l.newest != nil {
		if task, known := l.newest(); known && task.AgentHTTP != "" {
			l.task.AgentHTTP = task.AgentHTTP // another one, if the agent was started again elsewhere
		}
	}
	piece, err := l.client.Log(ctx, l.task.AgentHTTP, q)
	if err != nil {
		return 0, err
	}
	switch {
	case l.begun && piece.Size < l.offset:
		l.offset, l.begun, l.since = 0, false, "" // the task has truncated it: what is there now is new
		return l.read(ctx)
	case l.begun && piece.Offset > l.offset && l.offset > 0:
		l.note("%d bytes were dropped before they could be read: the log is over its limit", piece.Offset-l.offset)
	case !l.begun && l.since == "" && piece.Start > 0:
		l.note("the first %d bytes were dropped: the log is over its limit", piece.Start)
	}
	l.begun = true
	if _, err := l.out.Write(piece.Data); err != nil {
		return 0, fmt.Errorf("write the log: %w", err)
	}
	l.offset = piece.Offset + int64(len(piece.Data))
	return len(piece.Data), nil
}

func (l *taskLog) note(format string, args ...any) {
	if l.notes != nil {
		fmt.Fprintf(l.notes, "reeve: "+format+"\n", args...)
	}
}

// follow copies until the task has ended and everything it wrote was read. Until then a file that is not there yet and
// an agent that can't be reached are no reason to give up.
func (l *taskLog) follow(ctx context.Context, ended func() bool) error {
	failed := 0
	for {
		over := ended() // asked before the read: what is written after it was asked is read in the next turn
		count, err := l.read(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			failed = 0
		case !passing(err):
			return err
		case over && fault.KindOf(err) == fault.NotFound:
			return nil // it never wrote anything
		default:
			if failed++; over && failed >= logErrors {
				return err
			}
		}
		if count > 0 {
			continue
		}
		if over && err == nil {
			return nil
		}
		if err := wait(ctx, logPoll); err != nil {
			return err
		}
	}
}

// passing reports whether an error may go away by itself.
func passing(err error) bool {
	kind := fault.KindOf(err)
	return kind == fault.NotFound || kind == fault.Unavailable
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
