package localcluster

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"codeberg.org/reeve/reeve/shared/addressfile"
)

// Process is one daemon. Its methods are for one goroutine, but for Exited.
type Process struct {
	Name      string                // m1, a1, …
	Program   string                // masterd or agentd
	Addresses addressfile.Addresses // valid after Start

	args []string
	opts *Options
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended

	mu      sync.Mutex // guards wanted, exit
	wanted  bool       // false once somebody asked for its end
	exitErr error
}

// Dir is the daemon's work dir.
func (p *Process) Dir() string { return p.opts.dir(p.Name) }

// PID is the daemon's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Start starts the daemon and waits until it has written its addresses. A daemon that was started before gets the ports
// it had.
func (p *Process) Start(ctx context.Context) error {
	if err := os.MkdirAll(p.Dir(), 0o755); err != nil {
		return fmt.Errorf("make the work dir of %s: %w", p.Name, err)
	}
	if err := addressfile.Remove(p.Dir()); err != nil {
		return err
	}
	if err := p.spawn(); err != nil {
		return err
	}
	ticker := time.NewTicker(p.opts.pollEvery())
	defer ticker.Stop()
	for {
		addresses, ok, err := readAddresses(p.Dir())
		if err != nil {
			return err
		}
		if ok {
			p.Addresses = addresses
			return nil
		}
		if err := p.Exited(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not serve yet, see %s", p.Name, p.logPath())
		case <-ticker.C:
		}
	}
}

func (p *Process) spawn() error {
	args := append([]string{"--work-dir=" + p.Dir(), "--name=" + p.Name, "--log-format=text", "--log-dir=" + filepath.Join(p.Dir(), "log")}, p.args...)
	args = append(args, p.formerPorts()...)
	log, err := os.OpenFile(p.logPath(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("open the log of %s: %w", p.Name, err)
	}
	defer log.Close() //nolint:errcheck // our copy; the child has its own, and nothing is buffered here
	p.cmd = exec.Command(filepath.Join(p.opts.Bin, p.Program), args...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	// A group of its own: ctrl-c at the terminal is for the console, not for the daemons.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.Program, err)
	}
	p.mu.Lock()
	p.wanted, p.exitErr = true, nil
	p.mu.Unlock()
	done := make(chan struct{})
	p.done = done
	cmd := p.cmd
	go func() { // ends with the process
		err := cmd.Wait()
		p.mu.Lock()
		p.exitErr = err
		p.mu.Unlock()
		close(done)
	}()
	return nil
}

// formerPorts keeps the ports of the run before, so that others find a restarted daemon where it was.
func (p *Process) formerPorts() []string {
	var args []string
	for flag, addr := range map[string]string{
		"port": p.Addresses.HTTP, "link-port": p.Addresses.Link,
		"raft-port": p.Addresses.Raft, "gossip-port": p.Addresses.Gossip,
	} {
		if _, port, err := net.SplitHostPort(addr); err == nil {
			args = append(args, "--"+flag+"="+port)
		}
	}
	return args
}

func (p *Process) logPath() string { return filepath.Join(p.opts.WorkDir, p.Name+".log") }

// Ended says whether the daemon does not run any more, whoever ended it.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Exited returns an error with the last line of the log if the daemon has ended though nobody asked for it.
func (p *Process) Exited() error {
	select {
	case <-p.done:
	default:
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.wanted {
		return nil
	}
	return fmt.Errorf("%s (%s) has exited: %s", p.Name, p.Program, lastLine(p.logPath(), p.exitErr))
}

// lastLine returns the end of a log, which says why its daemon gave up.
func lastLine(path string, exit error) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	if last := string(lines[len(lines)-1]); last != "" {
		return last
	}
	return fmt.Sprint(exit)
}

// Kill ends the daemon with SIGKILL and waits.
func (p *Process) Kill() error {
	p.unwant()
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill %s: %w", p.Name, err)
	}
	<-p.done
	return nil
}

// stopGrace is what a daemon gets to leave in order if nobody says otherwise.
const stopGrace = 15 * time.Second

// Stop ends the daemon with SIGTERM and waits; one that does not go in time is killed, which is an error. A daemon that
// was never started, or has ended, is left alone.
func (p *Process) Stop(ctx context.Context) error {
	if p.cmd == nil || p.cmd.Process == nil {
		return nil
	}
	p.unwant()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); errors.Is(err, os.ErrProcessDone) {
		<-p.done
		return nil
	} else if err != nil {
		return fmt.Errorf("stop %s: %w", p.Name, err)
	}
	grace := cmp.Or(p.opts.StopGrace, stopGrace)
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("%s did not end within %s of SIGTERM and was killed", p.Name, grace), p.Kill())
	}
}

// AwaitEnd waits for a daemon that somebody else has told to end.
func (p *Process) AwaitEnd(ctx context.Context) error {
	p.unwant()
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s did not end; its log says last: %s", p.Name, lastLine(p.logPath(), nil))
	}
}

func (p *Process) unwant() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted = false
}

// clean runs agentd clean for a work dir.
func clean(ctx context.Context, bin, dir string) error {
	out, err := exec.CommandContext(ctx, filepath.Join(bin, "agentd"), "clean", "--work-dir="+dir).CombinedOutput()
	if err != nil {
		return fmt.Errorf("agentd clean: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}
