// Package logging makes the one logger of a daemon from --log-format, --log-level and --log-dir, and lets operators raise
// how much it says for a while. It owns the choice of form and nothing of what is logged; loggers are handed to
// constructors, never global. Start reading at Open.
package logging

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/mattn/go-isatty"

	"codeberg.org/reeve/reeve/shared/fault"
)

// Options are the flags.
type Options struct {
	Format  string // json, text, or "" for text on a terminal and json elsewhere
	Level   string // debug, info, warn or error; "" is info
	Dir     string // also log to a file in it; "" for none
	Program string // names the file
}

// Log is a logger with its controls. Everything but the logger may be missing.
type Log struct {
	*slog.Logger
	Verbosity *Verbosity
	File      string // "" without --log-dir
}

// Open returns a logger that writes to w, and to a file if there is a directory for it. The file is never closed: it is
// written to the very end. It is opened for appending, so that it can be truncated by whoever rotates it.
func Open(w io.Writer, o Options) (Log, error) {
	level, err := levelOf(o.Level)
	if err != nil {
		return Log{}, err
	}
	log := Log{Verbosity: newVerbosity(level)}
	format := o.Format
	if format == "" {
		format = "json"
		if f, ok := w.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
			format = "text"
		}
	}
	if o.Dir != "" {
		file, err := openFile(o.Dir, o.Program)
		if err != nil {
			return Log{}, err
		}
		log.File, w = file.Name(), io.MultiWriter(w, file)
	}
	opts := &slog.HandlerOptions{Level: &log.Verbosity.level}
	switch format {
	case "json":
		log.Logger = slog.New(slog.NewJSONHandler(w, opts))
	case "text":
		log.Logger = slog.New(slog.NewTextHandler(w, opts))
	default:
		return Log{}, fault.New(fault.Invalid, "--log-format %q is not known; give json or text", format)
	}
	return log, nil
}

func levelOf(name string) (slog.Level, error) {
	switch name {
	case "debug":
		return slog.LevelDebug, nil
	case "info", "":
		return slog.LevelInfo, nil
	case "warn":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	}
	return 0, fault.New(fault.Invalid, "--log-level %q is not known; give debug, info, warn or error", name)
}

func openFile(dir, program string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fault.New(fault.Invalid, "--log-dir %s cannot be made: %v; give one that this user may write", dir, err)
	}
	path, err := filepath.Abs(filepath.Join(dir, program+".log"))
	if err != nil {
		return nil, fmt.Errorf("make --log-dir %s absolute: %w", dir, err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
	if err != nil {
		return nil, fault.New(fault.Invalid, "--log-dir: %v; give a directory that this user may write", err)
	}
	return file, nil
}
