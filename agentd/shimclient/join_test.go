package shimclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/network"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/slowhost"
)

const cniPlugins = "/usr/lib/cni"

// netBed is a bed whose containers can have networks: a bridge with addresses that no other test uses.
func netBed(t *testing.T) *bed {
	t.Helper()
	b := newBed(t)
	if _, err := os.Stat(filepath.Join(cniPlugins, "bridge")); err != nil {
		t.Skip("needs the CNI plugins (Debian: containernetworking-plugins)")
	}
	b.cfg.Networks = network.Config{Timeout: slowhost.Scale(network.DefaultTimeout), Plugins: []string{cniPlugins}, ConfigDir: t.TempDir(), Subnet: fmt.Sprintf("10.%d.%d.0/24", 100+rand.IntN(100), rand.IntN(250))}
	before := veths(t)
	t.Cleanup(func() { // before the bed's, while what Clean does is still to come
		if left := slices.DeleteFunc(veths(t), func(name string) bool { return slices.Contains(before, name) || !b.ours(name) }); len(left) > 0 {
			t.Errorf("interfaces %v are left", left)
		}
	})
	return b
}

// ours says whether an interface is in this bed's bridge.
func (b *bed) ours(name string) bool {
	master, err := os.Readlink("/sys/class/net/" + name + "/master")
	return err == nil && filepath.Base(master) == network.BridgeDevice(b.cfg.networks().Dir)
}

func veths(t *testing.T) []string {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, i := range all {
		if strings.HasPrefix(i.Name, "veth") {
			names = append(names, i.Name)
		}
	}
	return names
}

// freePort is one of the host that nobody listens on.
func freePort(t *testing.T) uint16 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return uint16(port)
}

func get(t *testing.T, url string) string {
	t.Helper()
	var last error
	for deadline := time.Now().Add(slowhost.Scale(30 * time.Second)); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(t.Context(), slowhost.Scale(2*time.Second))
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			body, rerr := io.ReadAll(resp.Body)
			err = errors.Join(rerr, resp.Body.Close())
			if err == nil {
				cancel()
				return string(body)
			}
		}
		cancel()
		last = err
	}
	t.Fatalf("%s: %v", url, last)
	return ""
}

func (b *bed) end(c *Client, list ...ids.Container) {
	b.Helper()
	for _, id := range list {
		if err := c.Signal(b.Context(), id, int(unix.SIGKILL), true); err != nil {
			b.Fatal(err)
		}
		if _, err := c.Wait(b.Context(), id); err != nil {
			b.Fatal(err)
		}
		if err := c.Delete(b.Context(), id); err != nil {
			b.Fatal(err)
		}
	}
}

// checkLeft fails if a network is left of any container.
func (b *bed) checkLeft() {
	b.Helper()
	n := b.cfg.networks()
	for _, dir := range []string{n.RuntimeDir, filepath.Join(n.Dir, "of"), filepath.Join(n.Dir, "cache", "results")} {
		if left, err := os.ReadDir(dir); err == nil && len(left) > 0 {
			b.Errorf("%s holds %v", dir, left)
		}
	}
	leases, err := filepath.Glob(filepath.Join(n.Dir, "leases", "*", "10.*"))
	if err != nil || len(leases) > 0 {
		b.Errorf("leases %v are left, %v", leases, err)
	}
}

func TestNoNetwork(t *testing.T) {
	b := netBed(t)
	c := b.open()
	spec := b.spec("alone", "cat /proc/net/dev | grep -c :; grep -c 0100007F:0000 /proc/net/tcp; (exec 3<>/dev/tcp/127.0.0.1/1) 2>&1 | grep -c refused; hostname")
	spec.Argv[0] = "/bin/bash"
	spec.Network, spec.Isolation.Hostname = &runtime.Network{Of: "alone"}, "alone"
	if exit, out := b.outcome(c, spec); out != "1\n0\n2\nalone\n" {
		t.Errorf("%q, %+v", out, exit)
	}
	if err := c.Delete(t.Context(), "alone"); err != nil {
		t.Fatal(err)
	}
	b.checkLeft()
}

const serve = "exec python3 -m http.server --bind :: 80"

// A container in a bridge is reached at its address and by the host's port, before and after a restart of agentd, and
// nothing is left of it.
func TestBridge(t *testing.T) {
	b := netBed(t)
	c := b.open()
	port := freePort(t)
	spec := b.spec("web", "echo hello > index.html; "+serve)
	spec.Isolation.Hostname = "web"
	spec.Env = append(spec.Env, "IP=none")
	spec.Network = &runtime.Network{Of: "web", Variable: "IP", Join: []runtime.Join{{Network: network.Bridge, Ports: []runtime.Port{{Host: port, Container: 80, Protocol: "tcp"}}}}}
	started, err := c.Launch(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	if len(started.Joined) != 1 || len(started.Joined[0].Addresses) != 1 {
		t.Fatalf("joined %+v", started.Joined)
	}
	address := started.Joined[0].Addresses[0]
	for _, url := range []string{"http://" + address + "/", fmt.Sprintf("http://127.0.0.1:%d/", port)} {
		if got := get(t, url); got != "hello\n" {
			t.Errorf("%s: %q", url, got)
		}
	}
	inside := b.exec(c, "web", "grep web /etc/hosts; cat /etc/hostname; echo $IP; test -s /etc/resolv.conf && echo resolv")
	if want := address + " web\nweb\n" + address + "\nresolv\n"; inside != want {
		t.Errorf("inside: %q, want %q", inside, want)
	}
	if stats, err := c.Stats(t.Context(), "web"); err != nil || stats.Net == nil || stats.Net.ReceiveBytes == 0 {
		t.Errorf("statistics of its network: %+v, %v", stats.Net, err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := New(b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = again.Close() })
	found, err := again.Recover(t.Context())
	if err != nil || len(found) != 1 || len(found[0].Started.Joined) != 1 || found[0].Started.Joined[0].Addresses[0] != address {
		t.Fatalf("recovered %+v, %v", found, err)
	}
	b.end(again, "web")
	b.checkLeft()
	rules, err := exec.Command("iptables-save", "-t", "nat").CombinedOutput()
	if err == nil && strings.Contains(string(rules), fmt.Sprintf("dport %d ", port)) {
		t.Errorf("the port is still mapped:\n%s", rules)
	}
}

// exec runs a line of shell in a container.
func (b *bed) exec(c *Client, id ids.Container, script string) string {
	b.Helper()
	p, err := c.Exec(b.Context(), id, sh(script))
	if err != nil {
		b.Fatal(err)
	}
	out, err := io.ReadAll(p.Stdout())
	if err = errors.Join(err, p.Close()); err != nil {
		b.Fatal(err)
	}
	return string(out)
}

// The tasks of a pod have one network, which goes with the pod; when agentd has died meanwhile, the next one removes it.
func TestPodNetwork(t *testing.T) {
	b := netBed(t)
	c := b.open()
	for _, name := range []string{"server", "client"} {
		spec := b.spec("pod."+name, "sleep 1000")
		if name == "server" {
			spec.Argv[2] = "echo in pod > index.html; " + serve
		}
		spec.Network = &runtime.Network{Of: "pod", Join: []runtime.Join{{Network: network.Bridge}}}
		spec.Pod = &runtime.Limits{}
		if _, err := c.Launch(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
	}
	fetch := "python3 -c 'import urllib.request,time\nfor _ in range(300):\n try: print(urllib.request.urlopen(\"http://127.0.0.1:80/\").read().decode().strip()); break\n except OSError: time.sleep(0.1)'"
	if got := b.exec(c, "pod.client", fetch); got != "in pod\n" {
		t.Errorf("over the pod's loopback: %q", got)
	}
	b.end(c, "pod.client")
	if got := b.exec(c, "pod.server", fetch); got != "in pod\n" {
		t.Errorf("after the end of the other: %q", got)
	}
	b.end(c, "pod.server")
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	b.open()
	b.checkLeft()
}

// TestAPluginThatHangs: its container fails, when the operator says that it has had enough time.
func TestAPluginThatHangs(t *testing.T) {
	b := netBed(t)
	plugins := t.TempDir()
	hangs := "#!/bin/sh\n[ $CNI_COMMAND != ADD ] || exec sleep 1000\n"
	err := errors.Join(
		os.WriteFile(filepath.Join(plugins, "hangs"), []byte(hangs), 0o755),
		os.WriteFile(filepath.Join(b.cfg.Networks.ConfigDir, "slow.conf"), []byte(`{"cniVersion": "0.3.1", "name": "slow", "type": "hangs"}`), 0o644),
	)
	if err != nil {
		t.Fatal(err)
	}
	b.cfg.Networks.Plugins, b.cfg.Networks.Timeout = []string{plugins}, slowhost.Scale(time.Second)
	c := b.open()
	spec := b.spec("waits", "true")
	spec.Network = &runtime.Network{Of: "waits", Join: []runtime.Join{{Network: "slow"}}}
	if _, err := c.Launch(t.Context(), spec); err == nil || !strings.Contains(err.Error(), `join network "slow": its plugin has not answered within `+b.cfg.Networks.Timeout.String()) {
		t.Errorf("got %v", err)
	}
	if err := c.Delete(t.Context(), "waits"); err != nil {
		t.Error(err)
	}
	b.checkLeft()
}

func TestNetworkErrors(t *testing.T) {
	b := netBed(t)
	for name, text := range map[string]string{
		"broken.conf":   `{"cniVersion": "0.3.1", "name": "broken", "type": "none-such"}`,
		"portless.conf": `{"cniVersion": "0.3.1", "name": "portless", "type": "ptp"}`,
		"failing.conf":  `{"cniVersion": "0.3.1", "name": "failing", "type": "ptp", "ipam": {"type": "host-local", "ranges": []}}`,
	} {
		if err := os.WriteFile(filepath.Join(b.cfg.Networks.ConfigDir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c := b.open()
	for want, join := range map[string]runtime.Join{
		"none of that name":        {Network: "none-such"},
		"none-such is in none of":  {Network: "broken"},
		`join network "failing": `: {Network: "failing"},
		"cannot map ports":         {Network: "portless", Ports: []runtime.Port{{Host: 1, Container: 2, Protocol: "tcp"}}},
	} {
		spec := b.spec("bad", "true")
		spec.Network = &runtime.Network{Of: "bad", Join: []runtime.Join{join}}
		_, err := c.Launch(t.Context(), spec)
		if err == nil || !strings.Contains(err.Error(), want) || fault.KindOf(err) == fault.Internal {
			t.Errorf("got %v, want %q in it", err, want)
		}
		if err := c.Delete(t.Context(), "bad"); err != nil { // as supervisors do
			t.Errorf("delete: %v", err)
		}
	}
	b.checkLeft()
}
