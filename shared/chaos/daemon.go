package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"codeberg.org/reeve/reeve/shared/run"
)

// daemon is a masterd or an agentd on a host of its own. Its methods are for one goroutine, but for gone.
type daemon struct {
	name, ip string
	program  string
	args     []string
	dir      string // its work dir
	space    string // its network namespace
	bin, log string
	group    *run.Group // of the goroutines that wait for processes
	cmd      *exec.Cmd
	done     chan struct{} // closed when the process has ended
	stopped  bool          // by SIGSTOP
}

// start runs the daemon. nsenter becomes it, so that the process is the daemon's own.
func (d *daemon) start() error {
	log, err := os.OpenFile(d.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("open the log of %s: %w", d.name, err)
	}
	args := append([]string{"--net=/run/netns/" + d.space, "--", filepath.Join(d.bin, d.program)}, d.args...)
	cmd := exec.Command("nsenter", args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}         // ctrl-c is for us
	if err := errors.Join(cmd.Start(), log.Close()); err != nil { // the child has the log, too
		return fmt.Errorf("start %s: %w", d.name, err)
	}
	done := make(chan struct{})
	d.group.Go(d.name, func(context.Context) error {
		_ = cmd.Wait() // how it ended is seen by what it did
		close(done)
		return nil
	})
	d.cmd, d.done, d.stopped = cmd, done, false
	return nil
}

// runs says whether the process is there.
func (d *daemon) runs() bool {
	if d.cmd == nil {
		return false
	}
	select {
	case <-d.done:
		return false
	default:
		return true
	}
}

// signal sends a signal to the process, if it is there.
func (d *daemon) signal(s syscall.Signal) error {
	if !d.runs() {
		return nil
	}
	switch s {
	case syscall.SIGSTOP:
		d.stopped = true
	case syscall.SIGCONT:
		d.stopped = false
	default:
	}
	if err := d.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal %s: %w", d.name, err)
	}
	return nil
}

// end asks the process to end and waits; one that does not go is killed, which is an error.
func (d *daemon) end(grace time.Duration) error {
	if !d.runs() {
		return nil
	}
	if err := errors.Join(d.signal(syscall.SIGCONT), d.signal(syscall.SIGTERM)); err != nil {
		return err
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-d.done:
		return nil
	case <-timer.C:
		return errors.Join(fmt.Errorf("%s did not end within %s of SIGTERM", d.name, grace), d.kill())
	}
}

func (d *daemon) kill() error {
	if err := d.signal(syscall.SIGKILL); err != nil || d.cmd == nil {
		return err
	}
	<-d.done
	return nil
}

// cluster is the masters and the agents.
type cluster struct {
	net     *network
	group   *run.Group
	dir     string
	masters []*daemon
	agents  []*daemon
}

// host gives a host its name, address and daemon.
func (c *cluster) host(ctx context.Context, bin, name, program string, number int, args ...string) (*daemon, error) {
	d := &daemon{
		name: name, ip: subnet + strconv.Itoa(number), program: program, dir: filepath.Join(c.dir, name), bin: bin,
		space: c.net.space(name), log: filepath.Join(c.dir, name+".log"), group: c.group,
	}
	if err := os.MkdirAll(d.dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the work dir of %s: %w", name, err)
	}
	d.args = append([]string{
		"--ip=" + d.ip, "--hostname=" + name + ".chaos", "--name=" + name, "--work-dir=" + d.dir, "--insecure", "--log-format=text",
		"--join=" + subnet + strconv.Itoa(firstMaster) + ":7946",
	}, args...)
	if err := c.net.plug(ctx, name, d.ip); err != nil {
		return nil, err
	}
	return d, d.start()
}

// Where hosts are.
const (
	firstMaster = 11
	firstAgent  = 21
	ourHost     = 31 // the framework's
)

// start brings the hosts up.
func (c *cluster) start(ctx context.Context, bin string, masters, agents int) error {
	for i := range masters {
		m, err := c.host(ctx, bin, "m"+strconv.Itoa(i+1), "masterd", firstMaster+i, "--bootstrap-expect="+strconv.Itoa(masters))
		if err != nil {
			return err
		}
		c.masters = append(c.masters, m)
	}
	for i := range agents {
		name := "a" + strconv.Itoa(i+1)
		a, err := c.host(ctx, bin, name, "agentd", firstAgent+i, "--runtime-dir="+filepath.Join(c.dir, name+"r"),
			"--resources=cpus:2;mem:1024;disk:1024;ports:[31000-31099]")
		if err != nil {
			return err
		}
		c.agents = append(c.agents, a)
	}
	return c.net.plug(ctx, "fw", subnet+strconv.Itoa(ourHost))
}

// addresses are the masters' APIs.
func (c *cluster) addresses() []string {
	var list []string
	for _, m := range c.masters {
		list = append(list, m.ip+":5050")
	}
	return list
}

// stop ends everything and removes what tasks left.
func (c *cluster) stop() error {
	var errs []error
	for _, d := range append(append([]*daemon(nil), c.agents...), c.masters...) {
		errs = append(errs, d.end(20*time.Second))
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, a := range c.agents {
		errs = append(errs, command(ctx, filepath.Join(a.bin, "agentd"), "clean", "--work-dir="+a.dir, "--runtime-dir="+a.dir+"r"))
	}
	errs = append(errs, c.net.close())
	return errors.Join(errs...)
}
