package runtimetest

import (
	"errors"
	"io"
	"sync"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
)

// execs: further processes in a container.
func (s *suite) execs() {
	spec := s.spec("exec", "sleep", "1000")
	s.launch(spec)
	for _, test := range []struct {
		exec   runtime.Exec
		stdin  string
		stdout string
		status int
	}{
		{exec: runtime.Exec{Argv: []string{"true"}}},
		{exec: runtime.Exec{Argv: []string{"sh", "-c", "exit 7"}}, status: 7 << 8},
		{exec: runtime.Exec{Argv: []string{"echo", "a", "b"}}, stdout: "a b\n"},
		{exec: runtime.Exec{Argv: []string{"cat"}}},
		{exec: runtime.Exec{Argv: []string{"cat"}, Stdin: true}, stdin: "\x00\xff\n", stdout: "\x00\xff\n"},
	} {
		p, err := s.Runtime.Exec(s.ctx(), spec.ID, test.exec)
		if err != nil {
			s.Fatalf("exec %v: %v", test.exec.Argv, err)
		}
		stdout, stderr, exit := s.converse(p, test.stdin)
		if stdout != test.stdout || stderr != "" || exit.WaitStatus != test.status || exit.Lost || p.PID() <= 0 {
			s.Errorf("exec %v: %q, %q, %+v; want %q and %d", test.exec.Argv, stdout, stderr, exit, test.stdout, test.status)
		}
		if err := errors.Join(p.Signal(sigTerm), p.Close(), p.Close()); err != nil {
			s.Errorf("exec %v, after its end: %v", test.exec.Argv, err)
		}
	}
	s.execEnds(spec.ID)
	s.execRefuses(spec.ID)
	s.end(spec.ID)
}

// converse writes all of stdin, and reads all that comes.
func (s *suite) converse(p runtime.Process, stdin string) (stdout, stderr string, exit runtime.Exit) {
	s.Helper()
	var group sync.WaitGroup
	read := func(from io.Reader, into *string) {
		data, err := io.ReadAll(from)
		if err != nil {
			s.Errorf("read: %v", err)
		}
		*into = string(data)
	}
	group.Go(func() { read(p.Stdout(), &stdout) })
	if from := p.Stderr(); from != nil {
		group.Go(func() { read(from, &stderr) })
	}
	if in := p.Stdin(); in != nil {
		if _, err := io.WriteString(in, stdin); err != nil {
			s.Errorf("write: %v", err)
		}
		if err := in.Close(); err != nil {
			s.Errorf("close: %v", err)
		}
	}
	exit, err := p.Wait(s.ctx())
	if err != nil {
		s.Fatal(err)
	}
	group.Wait()
	return stdout, stderr, exit
}

// execEnds: by a signal, by Close, and with its container.
func (s *suite) execEnds(id ids.Container) {
	for what, end := range map[string]func(runtime.Process) error{
		"signal": func(p runtime.Process) error { return p.Signal(sigTerm) },
		"close":  func(p runtime.Process) error { return p.Close() },
		"container": func(runtime.Process) error {
			return s.Runtime.Signal(s.ctx(), "exec-2", sigKill, true)
		},
	} {
		in := id
		if what == "container" {
			spec := s.spec("exec-2", "sleep", "1000")
			s.launch(spec)
			in = spec.ID
		}
		p, err := s.Runtime.Exec(s.ctx(), in, runtime.Exec{Argv: []string{"sleep", "1000"}})
		if err != nil {
			s.Fatal(err)
		}
		if err := end(p); err != nil {
			s.Errorf("%s: %v", what, err)
		}
		exit, err := p.Wait(s.ctx())
		if err != nil {
			s.Fatalf("%s: %v", what, err)
		}
		if want := map[string]int{"signal": sigTerm, "container": sigKill}[what]; want != 0 && exit.WaitStatus != want {
			s.Errorf("%s: %+v, want wait status %d", what, exit, want)
		}
		if err := p.Close(); err != nil {
			s.Errorf("%s: close: %v", what, err)
		}
	}
}

func (s *suite) execRefuses(running ids.Container) {
	if _, err := s.Runtime.Exec(s.ctx(), running, runtime.Exec{Argv: []string{"/no/such"}}); fault.KindOf(err) != fault.Invalid {
		s.Errorf("a command that is missing: %v, want it refused", err)
	}
	if _, err := s.Runtime.Exec(s.ctx(), "nobody", runtime.Exec{Argv: []string{"true"}}); fault.KindOf(err) != fault.NotFound {
		s.Errorf("an unknown container: %v, want not found", err)
	}
	spec := s.spec("exec-3", "true")
	s.launch(spec)
	s.wait(spec.ID)
	if _, err := s.Runtime.Exec(s.ctx(), spec.ID, runtime.Exec{Argv: []string{"true"}}); fault.KindOf(err) != fault.Conflict {
		s.Errorf("an ended container: %v, want a conflict", err)
	}
}
