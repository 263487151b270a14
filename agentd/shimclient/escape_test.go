package shimclient

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/ids"
)

// attempt is one try to get out of a container, or to hurt a neighbour: a Python expression or statement. It is refused if it
// raises, or gives something false.
type attempt struct{ name, try string }

// neighbour is who the attempts are after.
type neighbour struct {
	pid                  int // on the host
	sandbox, work, agent string
}

// system calls a function of the C library that gives -1 when it is refused.
func system(call string) string { return "libc." + call + " >= 0" }

// number calls the kernel directly.
func number(nr int, args string) string { return system(fmt.Sprintf("syscall(%d, %s)", nr, args)) }

func writes(paths ...string) (list []attempt) {
	for _, path := range paths {
		list = append(list, attempt{"write " + path, fmt.Sprintf("open(%q, 'a').write('x')", path)})
	}
	return list
}

func reads(paths ...string) (list []attempt) {
	for _, path := range paths {
		list = append(list, attempt{"read " + path, fmt.Sprintf("open(%q, 'rb').read(1)", path)})
	}
	return list
}

// attempts are made by root with what it has by default, and by an ordinary user.
func attempts(n neighbour) []attempt {
	list := writes("/escaped", "/etc/escaped", "/etc/passwd", "/usr/bin/escaped", "/var/escaped", "/opt/escaped", "/mnt/escaped",
		n.sandbox+"/escaped", n.agent+"/escaped",
		"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/vm/overcommit_memory", "/proc/sysrq-trigger", "/proc/irq/0/smp_affinity",
		"/sys/kernel/uevent_helper", "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/escaped", "/sys/kernel/mm/transparent_hugepage/enabled")
	list = append(list, reads("/etc/shadow", "/proc/kcore", "/proc/keys", "/dev/mem", "/dev/kmem", "/dev/port", "/dev/kmsg", "/dev/vda", "/dev/sda",
		"/dev/nvme0n1", "/dev/mapper/control", n.sandbox+"/secret", n.work+"/agentd.lock", n.agent+"/shims",
		fmt.Sprintf("/proc/%d/environ", n.pid), fmt.Sprintf("/proc/%d/root/etc/hostname", n.pid))...)
	return append(list, []attempt{
		{"list the neighbour's sandbox", fmt.Sprintf("os.listdir(%q)", n.sandbox)},
		{"list the agent's directory", fmt.Sprintf("os.listdir(%q) != []", n.agent)},
		{"signal the neighbour", fmt.Sprintf("os.kill(%d, 0)", n.pid) + " is None"},
		{"signal the agent", fmt.Sprintf("os.kill(%d, 0) is None", os.Getpid())},
		{"ptrace the neighbour", system(fmt.Sprintf("ptrace(16, %d, 0, 0)", n.pid))},
		{"ptrace init", system("ptrace(16, 1, 0, 0)")},
		{"write init's memory", "open('/proc/1/mem', 'r+b')"},
		{"enter the host's namespace", "[libc.setns(os.open('/proc/1/ns/' + n, 0), 0) for n in ('net', 'mnt')] == [0, 0]"},
		{"mount", system(`mount(b"tmpfs", b"/mnt", b"tmpfs", 0, None)`)},
		{"mount over the root", system(`mount(b"/tmp", b"/etc", None, 4096, None)`)},
		{"remount the root writable", system(`mount(None, b"/", None, 32 | 4096, None)`)},
		{"remount /proc/sys writable", system(`mount(None, b"/proc/sys", None, 32 | 4096, None)`)},
		{"unmount what covers", system(`umount2(b"/run", 2)`)},
		{"unmount a mask", system(`umount2(b"/proc/kcore", 2)`)},
		{"move the root", number(unix.SYS_PIVOT_ROOT, `b"/tmp", b"/tmp"`)},
		{"new mount API", number(unix.SYS_FSOPEN, `b"tmpfs", 0`)},
		{"copy a mount", number(unix.SYS_OPEN_TREE, `-100, b"/", 1`)},
		{"a user namespace", system("unshare(0x10000000)")},
		{"a mount namespace", system("unshare(0x20000)")},
		{"a network namespace", system("unshare(0x40000000)")},
		{"make a disk", "os.mknod('disk', 0o600 | stat.S_IFBLK, os.makedev(254, 0)) is None and open('disk', 'rb').read(1)"},
		{"make /dev/mem", "os.mknod('mem', 0o600 | stat.S_IFCHR, os.makedev(1, 1)) is None and open('mem', 'rb').read(1)"},
		{"load a module", number(unix.SYS_INIT_MODULE, `b"x", 1, b""`)},
		{"load a module from a file", number(unix.SYS_FINIT_MODULE, `0, b"", 0`)},
		{"unload a module", number(unix.SYS_DELETE_MODULE, `b"overlay", 0`)},
		{"another kernel", number(unix.SYS_KEXEC_LOAD, "0, 0, 0, 0")},
		{"reboot", number(unix.SYS_REBOOT, "0xfee1dead, 672274793, 0x89abcdef, 0")},
		{"keys", number(unix.SYS_KEYCTL, "0, -3, 0, 0, 0")},
		{"add a key", number(unix.SYS_ADD_KEY, `b"user", b"x", b"y", 1, -3`)},
		{"bpf", number(unix.SYS_BPF, "0, buffer, 128")},
		{"perf", number(unix.SYS_PERF_EVENT_OPEN, "buffer, 0, -1, -1, 0")},
		{"userfaultfd", number(unix.SYS_USERFAULTFD, "0")},
		{"io_uring", number(unix.SYS_IO_URING_SETUP, "1, buffer")},
		{"open by handle", number(unix.SYS_OPEN_BY_HANDLE_AT, "0, buffer, 0")},
		{"set the clock", number(unix.SYS_CLOCK_SETTIME, "0, buffer")},
		{"swap", number(unix.SYS_SWAPON, `b"/tmp/x", 0`)},
		{"accounting", number(unix.SYS_ACCT, "0")},
		{"the kernel's log", number(unix.SYS_SYSLOG, "3, buffer, 100")},
		{"the host's name", number(unix.SYS_SETHOSTNAME, `b"x", 1`)},
		{"raise a limit", "resource.setrlimit(resource.RLIMIT_NOFILE, (resource.RLIM_INFINITY,) * 2) is None"},
		{"real-time priority", "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)) is None"},
		{"better priority", "os.nice(-5) < 0"},
		{"escape the OOM killer", "open('/proc/self/oom_score_adj', 'w').write('-1000') and open('/proc/self/oom_score_adj').read() == '-1000\\n'"},
		{"listen to the host's network", "socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3)"},
		{"forge packets", "socket.socket(socket.AF_INET, socket.SOCK_RAW, 255)"},
		{"change the host's network", "subprocess.run(['ip', 'link', 'add', 'rvescape', 'type', 'dummy'], capture_output=True).returncode == 0"},
		{"gain by a setuid program", "subprocess.run(['./setuid', '-u'], capture_output=True).stdout == b'0\\n' and os.getuid() != 0"},
		{"leave by chroot", "chroot_out()"},
	}...)
}

// prelude runs the attempts that follow it and prints one line for each.
const prelude = `
import ctypes, os, resource, socket, stat, subprocess
libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(256)
def chroot_out():
    os.makedirs("jail", exist_ok=True)
    up = os.open("/", os.O_RDONLY)
    os.chroot("jail")
    os.fchdir(up)
    for _ in range(64): os.chdir("..")
    os.chroot(".")
    return os.path.exists(MARKER)
def attempt(name, code):
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2) # newer Pythons tell of what failed once more when they end
        try: done = bool(eval(code))
        except BaseException: done = False
        os._exit(42 if done else 0)
    print("ESCAPED" if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 42 else "refused", name, flush=True)
`

// TestEscape has root, root with every capability that may be asked for, and an ordinary user try to get out.
func TestEscape(t *testing.T) {
	b := newBed(t)
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("attempts are made in Python; needs python3")
	}
	c := b.open()
	other := b.spec("other", "echo secret > secret; sleep 1000")
	victim, err := c.Launch(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	marker := filepath.Join(os.TempDir(), "rv-escape-"+filepath.Base(b.cfg.CgroupRoot))
	if err := os.WriteFile(marker, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(marker) })
	list := attempts(neighbour{pid: victim.PID, sandbox: other.Sandbox, work: b.cfg.WorkDir, agent: b.cfg.RuntimeDir})
	most := append(runtime.DefaultCapabilities(), "CAP_MKNOD", "CAP_NET_RAW", "CAP_AUDIT_WRITE") // agentd's --bounding-capabilities
	for _, who := range []struct {
		name, user string
		asked      *runtime.Capabilities
		may        []string
	}{
		{"root", "", nil, nil},
		{"docker's root", "", &runtime.Capabilities{Effective: most, Bounding: most}, []string{"listen to the host's network", "forge packets"}},
		{"nobody", "nobody", nil, nil},
	} {
		t.Run(who.name, func(t *testing.T) {
			spec := b.specAs(who.user, strings.ReplaceAll("try-"+who.name, "'s ", ""), "")
			spec.Isolation.Capabilities = who.asked
			b.setuid(filepath.Join(spec.Sandbox, "setuid"))
			var script strings.Builder
			fmt.Fprintf(&script, "MARKER = %q\n%s", marker, prelude)
			for _, a := range list {
				fmt.Fprintf(&script, "attempt(%q, %q)\n", a.name, a.try)
			}
			spec.Argv = []string{"python3", "-c", script.String()}
			_, out := b.outcome(c, spec)
			made := 0
			for lines := bufio.NewScanner(strings.NewReader(out)); lines.Scan(); {
				verdict, name, _ := strings.Cut(lines.Text(), " ")
				made++
				switch {
				case verdict != "refused" && verdict != "ESCAPED":
					t.Errorf("unexpected: %s", lines.Text())
				case verdict == "ESCAPED" && !strings.Contains(strings.Join(who.may, "\n"), name):
					t.Errorf("not refused: %s", name)
				}
			}
			if made != len(list) {
				t.Errorf("%d attempts were made, want %d:\n%s", made, len(list), out)
			}
		})
	}
	for _, dir := range []string{"/", "/etc", "/usr/bin", "/var", "/opt", "/mnt", b.cfg.WorkDir, b.cfg.RuntimeDir, other.Sandbox} {
		if _, err := os.Lstat(filepath.Join(dir, "escaped")); err == nil {
			t.Errorf("%s was written to", dir)
		}
	}
	if _, err := c.Stats(t.Context(), other.ID); err != nil {
		t.Errorf("the neighbour has not survived: %v", err)
	}
	end(t, c, other.ID)
}

// setuid puts a program of root's, with the bit that would make anybody root, at path.
func (b *bed) setuid(path string) {
	b.Helper()
	program, err := os.ReadFile("/usr/bin/id")
	if err == nil {
		err = os.WriteFile(path, program, 0o755)
	}
	if err == nil {
		err = os.Chmod(path, 0o755|os.ModeSetuid)
	}
	if err != nil {
		b.Fatal(err)
	}
}

// TestGreed has containers take more than they may. Their neighbour goes on, and nothing is left of them.
func TestGreed(t *testing.T) {
	b := newBed(t)
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("the bomb is written in Python; needs python3")
	}
	c := b.open()
	t.Run("fork bomb", func(t *testing.T) {
		spec := b.spec("bomb", "")
		spec.Argv = []string{"python3", "-c", "import os, time\nwhile True:\n try: os.fork()\n except OSError: time.sleep(0.05)"}
		spec.Limits.Pids = 64
		if _, err := c.Launch(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		most := 0
		eventually(t, "the bomb has filled its container", func() bool {
			stats, err := c.Stats(t.Context(), spec.ID)
			most = max(most, stats.Processes)
			return err == nil && stats.Processes > 40
		})
		if most > 64 {
			t.Errorf("%d processes, the limit is 64", most)
		}
		end(t, c, spec.ID)
		if pids, err := c.cgroups.Groups(c.cfg.groups()); err != nil || len(pids) > 0 {
			t.Errorf("groups %v are left, %v", pids, err)
		}
	})
	t.Run("CPU", func(t *testing.T) {
		spec := b.spec("cpu", "while :; do :; done")
		spec.Limits.CPUQuota = 0.1
		if _, err := c.Launch(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is held back", func() bool {
			stats, err := c.Stats(t.Context(), spec.ID)
			return err == nil && stats.Throttled > 3 && stats.CPUUser+stats.CPUSystem < stats.ThrottledFor
		})
		end(t, c, spec.ID)
	})
	t.Run("memory of a child", func(t *testing.T) { // the kernel may choose any process of the container's: this child asks to be the one
		spec := b.spec("child", "sh -c 'echo 1000 > /proc/self/oom_score_adj; x=$(head -c 200000000 /dev/zero | tr \"\\0\" x)'; echo code $?; exit 3")
		spec.Limits.MemBytes = 32 << 20
		if exit, out := b.outcome(c, spec); !exit.OOMKilled || exit.WaitStatus != 3<<8 || exit.Message != "memory limit of 32 MB exceeded" {
			t.Errorf("%+v, %q", exit, out)
		}
	})
	t.Run("memory in files", func(t *testing.T) { // of tmpfs: they count as the container's
		spec := b.spec("shm", "head -c 200000000 /dev/zero > /dev/shm/x; echo written")
		spec.Limits.MemBytes = 32 << 20
		if exit, out := b.outcome(c, spec); !exit.OOMKilled {
			t.Errorf("%+v, %q", exit, out)
		}
	})
	t.Run("a volume in memory", func(t *testing.T) {
		spec := b.spec("volume", "head -c 20000000 /dev/zero > v/x 2>/dev/null || echo full; stat -c %s v/x; head -c 200000000 /dev/zero > w/x; echo written")
		spec.Limits.MemBytes, spec.Mounts = 32<<20, []runtime.Mount{{Tmpfs: true, Bytes: 4 << 20, Target: "v"}, {Tmpfs: true, Bytes: 1 << 30, Target: "w"}}
		if exit, out := b.outcome(c, spec); !strings.HasPrefix(out, "full\n4194304\n") || !exit.OOMKilled {
			t.Errorf("%+v, %q", exit, out)
		}
	})
	for _, id := range []ids.Container{"bomb", "cpu", "child", "shm", "volume"} {
		if err := c.Delete(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
}
