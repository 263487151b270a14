// Package logkey is the list of attributes that log lines may carry, so that one key means one thing in every program.
// Messages are constants; everything that varies is an attribute made here. It holds no logger. Start reading anywhere.
package logkey

import (
	"log/slog"
	"time"

	"codeberg.org/reeve/reeve/shared/ids"
)

// Agent names an agent.
func Agent(id ids.Agent) slog.Attr { return slog.String("agent", string(id)) }

// Framework names a framework.
func Framework(id ids.Framework) slog.Attr { return slog.String("framework", string(id)) }

// Task names a task with its framework.
func Task(id ids.Task) slog.Attr { return slog.String("task", id.String()) }

// Executor names an executor.
func Executor(id ids.Executor) slog.Attr { return slog.String("executor", string(id)) }

// Container names a container.
func Container(id ids.Container) slog.Attr { return slog.String("container", string(id)) }

// Offer names an offer.
func Offer(id ids.Offer) slog.Attr { return slog.String("offer", string(id)) }

// Job names a job.
func Job(id ids.Job) slog.Attr { return slog.String("job", string(id)) }

// Master names a master.
func Master(name string) slog.Attr { return slog.String("master", name) }

// Member names a gossip member.
func Member(name string) slog.Attr { return slog.String("member", name) }

// Role names a role.
func Role(role string) slog.Attr { return slog.String("role", role) }

// Term is the raft term of a leadership.
func Term(term uint64) slog.Attr { return slog.Uint64("term", term) }

// Input is the kind of a machine's input.
func Input(kind string) slog.Attr { return slog.String("input", kind) }

// Effect is the kind of a machine's effect.
func Effect(kind string) slog.Attr { return slog.String("effect", kind) }

// Noun is the kind of thing that changed.
func Noun(noun string) slog.Attr { return slog.String("noun", noun) }

// ID is the id of a thing whose kind is in Noun.
func ID(id string) slog.Attr { return slog.String("id", id) }

// From is the state that was left.
func From(state string) slog.Attr { return slog.String("from", state) }

// To is the state that was entered.
func To(state string) slog.Attr { return slog.String("to", state) }

// State is the state something is in.
func State(state string) slog.Attr { return slog.String("state", state) }

// Reason says why.
func Reason(reason string) slog.Attr { return slog.String("reason", reason) }

// UUID is the id of a status update.
func UUID(uuid string) slog.Attr { return slog.String("uuid", uuid) }

// Addr is a network address.
func Addr(addr string) slog.Attr { return slog.String("addr", addr) }

// Path is a file or directory.
func Path(path string) slog.Attr { return slog.String("path", path) }

// Signal is the number of a signal.
func Signal(n int) slog.Attr { return slog.Int("signal", n) }

// PID is a process id.
func PID(pid int) slog.Attr { return slog.Int("pid", pid) }

// Image is the name of a container image.
func Image(name string) slog.Attr { return slog.String("image", name) }

// Bytes is a size.
func Bytes(n int64) slog.Attr { return slog.Int64("bytes", n) }

// Count is a number of things.
func Count(n int) slog.Attr { return slog.Int("count", n) }

// Took is how long something lasted.
func Took(d time.Duration) slog.Attr { return slog.Duration("took", d) }

// Wait is how long something will wait.
func Wait(d time.Duration) slog.Attr { return slog.Duration("wait", d) }

// Version is a version of Reeve.
func Version(v string) slog.Attr { return slog.String("version", v) }

// Source is the library or part that a line came from.
func Source(name string) slog.Attr { return slog.String("source", name) }

// Text is a line of another program's log.
func Text(line string) slog.Attr { return slog.String("text", line) }

// Err is an error; nil is written as an empty text.
func Err(err error) slog.Attr {
	if err == nil {
		return slog.String("err", "")
	}
	return slog.String("err", err.Error())
}
