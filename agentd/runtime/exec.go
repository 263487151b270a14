package runtime

import (
	"context"
	"io"

	"codeberg.org/reeve/reeve/shared/ids"
)

// Execer runs further processes in running containers: a shell for an operator, a health check. They see what the container
// sees, are bound by its limits and its security settings, and end with it at the latest. They do not outlive the agentd
// that started them.
type Execer interface {
	// Exec returns when the command has been exec'ed. A command that cannot be is an error of kind Invalid; one for a
	// container that has ended is a Conflict; one that is held by a shim of an earlier version, which knows no exec, is
	// Unsupported. ctx bounds the start only. The caller must Close what it gets.
	Exec(ctx context.Context, id ids.Container, exec Exec) (Process, error)
}

// Terminaler gives access to the terminals of containers that were launched with one.
type Terminaler interface {
	// Terminal returns that of a container's command. What it shows is in the container's Stdout; whoever types shares it with
	// others who do. A container without one is Unsupported, one that has ended a Conflict.
	Terminal(ctx context.Context, id ids.Container) (Terminal, error)
}

// Terminal is what a container's command reads from.
type Terminal interface {
	io.WriteCloser // closing it only lets it go
	Resize(Window) error
}

// Exec is one more process of a container.
type Exec struct {
	Argv  []string // the executable's path or name, then its arguments, argv[0] included
	Env   []string // KEY=value; added to the environment of the container's command
	User  string   // name in the container or number; "" for the container's own. Nobody gets more capabilities than that one
	Dir   string   // "" for where the container's command started
	Stdin bool     // false: it reads nothing
	TTY   *Window  // its standard streams are one terminal of this size; nil for three separate streams
}

// Window is the size of a terminal in characters.
type Window struct {
	Columns uint16 `json:"columns"`
	Rows    uint16 `json:"rows"`
}

// Process is a process that Exec started. All methods may be called at once from many goroutines.
type Process interface {
	PID() int // on the host

	// Stdin is what the process reads; closing it is the end of its input. A terminal has no such end: there one writes
	// ctrl+d. It is nil if none was asked for.
	Stdin() io.WriteCloser

	// Stdout is what it writes, or all that a terminal shows. It ends when the process and everything that it started has
	// closed it, which may be later than the process ends.
	Stdout() io.Reader

	// Stderr is nil with a terminal.
	Stderr() io.Reader

	Resize(Window) error // of the terminal; Invalid without one

	// Signal goes to the process and those that it started, as far as they are in its process group. Signalling one that
	// has ended is no error.
	Signal(signal int) error

	// Wait returns how it ended: WaitStatus, or Lost if the shim died.
	Wait(ctx context.Context) (Exit, error)

	// Close kills the process, and what it started in its session, and closes the streams. It may be called twice.
	Close() error
}
