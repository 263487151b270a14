package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// Crowd is a made-up cluster behind the edge of a real master, in a process of its own.
type Crowd struct {
	Address string // host:port of its HTTP API

	command *exec.Cmd
	stdin   io.Closer
}

// StartCrowd starts one. program is masterd/cmd/crowd.
func StartCrowd(ctx context.Context, program string, tasks, changes int) (*Crowd, error) {
	command := exec.CommandContext(ctx, program, fmt.Sprint("--tasks=", tasks), fmt.Sprint("--changes=", changes))
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	c := &Crowd{command: command, stdin: stdin}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the crowd does not say where it is: %w", err), c.Stop())
	}
	c.Address = strings.TrimSpace(line)
	return c, nil
}

// PID is the process's.
func (c *Crowd) PID() int { return c.command.Process.Pid }

// Stop ends it.
func (c *Crowd) Stop() error { return errors.Join(c.stdin.Close(), c.command.Wait()) }
