package consensus

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/hashicorp/go-hclog"

	"codeberg.org/reeve/reeve/shared/logkey"
)

// logAdapter gives raft's lines to slog, one level lower than raft has them: an election is news to operators, an entry
// that a stopped peer does not take is not an error of ours.
type logAdapter struct {
	hclog.Logger // answers what is not overridden here
	log          *slog.Logger
}

func newLogAdapter(log *slog.Logger) hclog.Logger {
	return logAdapter{Logger: hclog.NewNullLogger(), log: log}
}

// quietLogger says nothing.
func quietLogger() hclog.Logger { return newLogAdapter(slog.New(slog.DiscardHandler)) }

func (a logAdapter) say(level slog.Level, msg string, args []any) {
	if !a.log.Enabled(context.Background(), level) {
		return
	}
	var b strings.Builder
	b.WriteString(msg)
	for i := 0; i+1 < len(args); i += 2 {
		_, _ = fmt.Fprintf(&b, " %v=%v", args[i], args[i+1]) // a Builder never fails
	}
	a.log.Log(context.Background(), level, "raft said", logkey.Text(b.String()))
}

// Log takes a line at any level.
func (a logAdapter) Log(level hclog.Level, msg string, args ...any) {
	switch level {
	case hclog.Error:
		a.Error(msg, args...)
	case hclog.Warn:
		a.Warn(msg, args...)
	default:
		a.Debug(msg, args...)
	}
}

// Trace is dropped.
func (a logAdapter) Trace(string, ...any) {}

// Debug is dropped: raft has a line for each heartbeat.
func (a logAdapter) Debug(string, ...any) {}

// Info becomes debug.
func (a logAdapter) Info(msg string, args ...any) { a.say(slog.LevelDebug, msg, args) }

// Warn becomes info.
func (a logAdapter) Warn(msg string, args ...any) { a.say(slog.LevelInfo, msg, args) }

// Error becomes a warning.
func (a logAdapter) Error(msg string, args ...any) { a.say(slog.LevelWarn, msg, args) }

// With keeps the adapter.
func (a logAdapter) With(...any) hclog.Logger { return a }

// Named keeps the adapter.
func (a logAdapter) Named(string) hclog.Logger { return a }

// ResetNamed keeps the adapter.
func (a logAdapter) ResetNamed(string) hclog.Logger { return a }
