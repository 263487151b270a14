//go:build linux && cgo

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/runc/libcontainer/configs"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/containerspec"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/run"
)

func testSpec(t *testing.T) *specs.Spec {
	t.Helper()
	return containerspec.Build(
		runtime.Spec{ID: "c", Argv: []string{"true"}, Sandbox: "/s", Limits: runtime.Limits{CPUs: 1, MemBytes: 64 << 20}},
		containerspec.Host{
			Root: "/r", Init: "/i", CgroupParent: "/g", SwapLimit: true, UID: 1, GID: 2, Groups: []uint32{3, 4}, MaxNoFile: 4096,
		})
}

// TestProcess: specconv forgets all of these.
func TestProcess(t *testing.T) {
	p, err := process(testSpec(t).Process)
	if err != nil {
		t.Fatal(err)
	}
	if p.UID != 1 || p.GID != 2 || !p.Init || p.NoNewPrivileges == nil || !*p.NoNewPrivileges || p.Cwd != "/s" {
		t.Errorf("got %+v", p)
	}
	if diff := cmp.Diff(p.AdditionalGroups, []int{3, 4}); diff != "" {
		t.Errorf("groups (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(p.Rlimits, []configs.Rlimit{{Type: unix.RLIMIT_NOFILE, Hard: 4096, Soft: 4096}}); diff != "" {
		t.Errorf("limits (-got +want):\n%s", diff)
	}
	if _, err := process(&specs.Process{Rlimits: []specs.POSIXRlimit{{Type: "RLIMIT_NEW"}}}); err == nil {
		t.Error("a limit that is not converted was dropped without a word")
	}
}

func TestConfig(t *testing.T) {
	v := newConverter(false)
	config, err := v.config("c", testSpec(t), shimapi.Seccomp{})
	if err != nil {
		t.Fatal(err)
	}
	r := config.Cgroups.Resources
	if config.Cgroups.Path != "/g/c" || r.CpuShares != 1024 || r.Memory != 64<<20 || r.MemorySwap != 64<<20 || r.PidsLimit == nil || *r.PidsLimit != 4096 {
		t.Errorf("cgroup %q, resources %+v", config.Cgroups.Path, r)
	}
	if s := config.Seccomp; s == nil || len(s.Architectures) != 1 || s.DefaultAction != configs.Errno || len(s.Syscalls) < 100 {
		t.Errorf("seccomp profile %+v, want the default one for one architecture", config.Seccomp)
	}
	if !config.NoNewKeyring || config.Namespaces.Contains(configs.NEWNET) || !config.Namespaces.Contains(configs.NEWPID) {
		t.Errorf("keyring %v, namespaces %v", config.NoNewKeyring, config.Namespaces)
	}
	again, err := v.config("d", testSpec(t), shimapi.Seccomp{})
	if err != nil || again.Seccomp != config.Seccomp {
		t.Errorf("the profile was built twice, %v", err)
	}
	for _, bad := range []*specs.Spec{nil, {}, {Process: &specs.Process{}}} {
		if _, err := v.config("c", bad, shimapi.Seccomp{}); err == nil {
			t.Errorf("spec %+v was taken", bad)
		}
	}
}

// TestProportional: on v2 CPUs weigh as they are shared on v1.
func TestProportional(t *testing.T) {
	for cpus, want := range map[float64]uint64{0.001: 1, 0.01: 1, 0.1: 10, 0.5: 50, 1: 100, 1.5: 150, 2: 200, 64: 6400, 1000: 10_000} {
		spec := testSpec(t)
		spec.Linux.Resources = containerspec.Resources(runtime.Limits{CPUs: cpus}, containerspec.Host{})
		config, err := newConverter(false).config("c", spec, shimapi.Seccomp{Unconfined: true})
		if err != nil {
			t.Fatal(err)
		}
		resized, err := convertLimits(spec.Linux.Resources)
		if err != nil {
			t.Fatal(err)
		}
		if got := config.Cgroups.CpuWeight; got != want || resized.CpuWeight != want {
			t.Errorf("%v CPUs weigh %d, %d after a change, want %d", cpus, got, resized.CpuWeight, want)
		}
	}
	if without, err := convertLimits(&specs.LinuxResources{}); err != nil || without.CpuWeight != 100 {
		t.Errorf("without limits: %+v, %v, want the kernel's default", without, err)
	}
}

// TestProtocol talks to a server that has no containers.
func TestProtocol(t *testing.T) {
	dir := t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	execs, err := net.Listen("unix", filepath.Join(dir, shimapi.ExecSocket))
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(config{dir: dir, runtime: dir}, run.NewGroup(t.Context()), slog.New(slog.DiscardHandler))
	ended := make(chan error, 1)
	go func() { ended <- s.run(sockets{listener, execs}) }()
	dial := func() net.Conn {
		conn, err := net.Dial("unix", filepath.Join(dir, "s"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	old, conn := dial(), dial()
	ask := func(req shimapi.Request) shimapi.Reply {
		t.Helper()
		var reply shimapi.Reply
		if err := errors.Join(shimapi.Write(conn, req), shimapi.Read(conn, &reply)); err != nil {
			t.Fatal(err)
		}
		if reply.ID != req.ID {
			t.Errorf("answer to %d has id %d", req.ID, reply.ID)
		}
		return reply
	}
	hello := ask(shimapi.Request{ID: 1, Op: shimapi.OpHello}).Hello
	if hello == nil || hello.Version != shimapi.Version || hello.PID != os.Getpid() || hello.Binary != shimapi.Binary("/proc/self/exe") {
		t.Errorf("hello %+v", hello)
	}
	if n, err := old.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Error("the agentd before is still connected")
	}
	for _, test := range []struct {
		req  shimapi.Request
		want fault.Kind
	}{
		{shimapi.Request{ID: 2, Op: "dance"}, fault.Unsupported},
		{shimapi.Request{ID: 3, Op: shimapi.OpLaunch, Container: "c"}, fault.Invalid},
		{shimapi.Request{ID: 4, Op: shimapi.OpLaunch, Container: "c", Launch: &shimapi.Launch{Spec: &specs.Spec{}}}, fault.Internal},
		{shimapi.Request{ID: 5, Op: shimapi.OpSignal, Container: "c", Signal: 9}, fault.NotFound},
	} {
		if reply := ask(test.req); reply.Error == nil || reply.Error.Kind != test.want || reply.Error.Text == "" {
			t.Errorf("%s: %+v, want %v", test.req.Op, reply.Error, test.want)
		}
	}
	for _, req := range []shimapi.Request{{ID: 6, Op: shimapi.OpDelete, Container: "c"}, {ID: 7, Op: shimapi.OpShutdown}} {
		if reply := ask(req); reply.Error != nil {
			t.Errorf("%s: %+v", req.Op, reply.Error)
		}
	}
	if err := <-ended; err != nil {
		t.Errorf("the end of the shim: %v", err)
	}
}

// TestInit runs the container's pid 1, as far as it is one outside of a container.
func TestInit(t *testing.T) {
	for _, test := range []struct {
		argv   []string
		signal os.Signal
		want   []uint32
		code   int
	}{
		{[]string{"true"}, nil, []uint32{msgRunning, 0, msgExited, 0}, 0},
		{[]string{"sh", "-c", "exit 7"}, nil, []uint32{msgRunning, 0, msgExited, 7 << 8}, 7},
		{[]string{"sh", "-c", "exit $(ulimit -n)"}, nil, []uint32{msgRunning, 0, msgExited, 10 << 8}, 10},
		{[]string{"sh", "-c", "kill -9 $$"}, nil, []uint32{msgRunning, 0, msgExited, 9}, 137},
		{[]string{"sleep", "1000"}, syscall.SIGTERM, []uint32{msgRunning, 0, msgExited, 15}, 143},
		{[]string{"/no/such"}, nil, []uint32{msgFailed, uint32(unix.ENOENT)}, 127},
		{[]string{"/etc"}, nil, []uint32{msgFailed, uint32(unix.EACCES)}, 127},
	} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd := &exec.Cmd{
			Path: "/proc/self/exe", Args: append([]string{containerspec.InitTarget, "-l7:10:20", "--"}, test.argv...), Env: os.Environ(), ExtraFiles: []*os.File{w},
		}
		if err := errors.Join(cmd.Start(), w.Close()); err != nil {
			t.Fatal(err)
		}
		var got []uint32
		for {
			kind, value, err := message(r)
			if err != nil {
				break
			}
			got = append(got, kind, value)
			if kind == msgRunning && test.signal != nil {
				if err := cmd.Process.Signal(test.signal); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait() // its code is looked at
		if diff := cmp.Diff(got, test.want); diff != "" || cmd.ProcessState.ExitCode() != test.code {
			t.Errorf("%v: code %d, want %d, messages (-got +want):\n%s", test.argv, cmd.ProcessState.ExitCode(), test.code, diff)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestImports: every package of this binary is initialised twice for every container, so that none comes in unseen.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-tags", "seccomp netgo osusergo", "-f", "{{.ImportPath}}", "-deps", ".").Output()
	if err != nil {
		t.Skipf("needs the go command: %v", err)
	}
	list := strings.Fields(string(out))
	for _, bad := range []string{"net/http", "crypto/tls", "google.golang.org/protobuf/proto", "text/template", "github.com/spf13/cobra"} {
		if bytes.Contains(out, []byte("\n"+bad+"\n")) {
			t.Errorf("%s is linked in", bad)
		}
	}
	const most = 240
	if len(list) > most {
		t.Errorf("%d packages are linked in, the most is %d; see what came in with go list -deps", len(list), most)
	}
	t.Logf("%d packages", len(list))
}

// TestSpecOnTheWire: what agentd builds is what the shim gets.
func TestSpecOnTheWire(t *testing.T) {
	var launch shimapi.Launch
	data, err := json.Marshal(shimapi.Launch{Spec: testSpec(t), Stdout: "/s/stdout"})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &launch); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(launch.Spec, testSpec(t)); diff != "" {
		t.Errorf("a spec changes on the wire (-got +want):\n%s", diff)
	}
}
