package shimclient

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
)

// TestExecUnderLowLimits: limits that what starts a command could not work under are the command's nevertheless.
func TestExecUnderLowLimits(t *testing.T) {
	b := newBed(t)
	c := b.open()
	spec := b.spec("low", "exec sleep 1000")
	spec.Isolation.Rlimits = []runtime.Rlimit{
		{Name: "RLIMIT_NOFILE", Soft: 4, Hard: 5}, {Name: "RLIMIT_AS", Soft: 64 << 20, Hard: 64 << 20}, {Name: "RLIMIT_STACK", Soft: 256 << 10, Hard: 256 << 10},
	}
	b.launch(c, spec)
	out, exit := output(t, c, spec.ID, sh("ulimit -n; ulimit -Hn; ulimit -v; ulimit -s"))
	if out != "4\n5\n65536\n256\n" || exit.WaitStatus != 0 {
		t.Errorf("the command has the limits %q, %+v", out, exit)
	}
	for _, argv := range [][]string{{"/no/such"}, {"no-such-command"}, {"/etc"}} {
		if _, err := c.Exec(t.Context(), spec.ID, runtime.Exec{Argv: argv}); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), argv[0]) {
			t.Errorf("exec %v: %v, want it refused by name", argv, err)
		}
	}
	ex := sh("id -u; ulimit -n")
	ex.User, ex.TTY = "nobody", &runtime.Window{Columns: 80, Rows: 24}
	if out, _ := output(t, c, spec.ID, ex); out != "65534\r\n4\r\n" {
		t.Errorf("as nobody on a terminal: %q", out)
	}
	end(t, c, spec.ID)
}

// TestStopSignal: the signal that an image names goes to the command alone, and is remembered by the next agentd.
func TestStopSignal(t *testing.T) {
	b := newBed(t)
	c := b.open()
	script := "trap 'echo quit; exit 4' QUIT; trap 'echo term; exit 5' TERM; (trap 'echo child >> out' QUIT; touch ready; while :; do sleep 0.05; done) & while :; do sleep 0.05; done"
	named, plain := b.spec("named", script), b.spec("plain", script)
	named.StopSignal = int(unix.SIGQUIT)
	for _, spec := range []runtime.Spec{named, plain} {
		b.launch(c, spec)
		b.made(spec, "ready")
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c = b.open()
	for _, test := range []struct {
		spec   runtime.Spec
		status int
		says   string
	}{{named, 4 << 8, "quit\n"}, {plain, 5 << 8, "term\n"}} {
		if err := c.Signal(t.Context(), test.spec.ID, runtime.AskToEnd, true); err != nil {
			t.Fatal(err)
		}
		exit, err := c.Wait(t.Context(), test.spec.ID)
		if err != nil || exit.WaitStatus != test.status || contents(t, test.spec.Stdout) != test.says {
			t.Errorf("%s: %+v, %v, it said %q; want status %d and %q", test.spec.ID, exit, err, contents(t, test.spec.Stdout), test.status, test.says)
		}
	}
}
