// Package logging makes the one logger of a daemon from --log-format and --log-level. It owns the choice of form and
// nothing of what is logged; loggers are handed to constructors, never global. Start reading at New.
package logging

import (
	"io"
	"log/slog"
	"os"

	"github.com/mattn/go-isatty"

	"codeberg.org/reeve/reeve/shared/fault"
)

// New returns a logger that writes to w. format is json, text, or "" for text on a terminal and json elsewhere.
func New(w io.Writer, format, level string) (*slog.Logger, error) {
	var l slog.Level
	switch level {
	case "debug":
		l = slog.LevelDebug
	case "info", "":
		l = slog.LevelInfo
	case "warn":
		l = slog.LevelWarn
	case "error":
		l = slog.LevelError
	default:
		return nil, fault.New(fault.Invalid, "--log-level %q is not known; give debug, info, warn or error", level)
	}
	opts := &slog.HandlerOptions{Level: l}
	if format == "" {
		format = "json"
		if f, ok := w.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
			format = "text"
		}
	}
	switch format {
	case "json":
		return slog.New(slog.NewJSONHandler(w, opts)), nil
	case "text":
		return slog.New(slog.NewTextHandler(w, opts)), nil
	}
	return nil, fault.New(fault.Invalid, "--log-format %q is not known; give json or text", format)
}
