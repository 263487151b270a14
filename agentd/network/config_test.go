package network

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containernetworking/cni/libcni"
	"github.com/containernetworking/cni/pkg/types"

	"codeberg.org/reeve/reeve/shared/fault"
)

func TestFind(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"10-a.conf":     `{"cniVersion": "0.3.1", "name": "a", "type": "bridge", "bridge": "a0"}`,
		"20-b.conflist": `{"cniVersion": "0.4.0", "name": "b", "plugins": [{"type": "ptp"}, {"type": "portmap", "capabilities": {"portMappings": true}}]}`,
		"30-m.json":     `{"name": "m", "type": "mesos-cni-port-mapper", "chain": "M", "delegate": {"type": "bridge", "bridge": "m0"}}`,
		"40-bad.conf":   `{`,
		"50-a2.conf":    `{"cniVersion": "0.3.1", "name": "a", "type": "ptp"}`,
		"mesos-style":   `{"name": "plain", "type": "ptp"}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	n := New(Config{Dir: "/var/lib/x", ConfigDir: dir, Subnet: "10.1.0.0/24"})
	for name, want := range map[string]struct {
		plugins string
		ports   bool
	}{"a": {"bridge", false}, "b": {"ptp portmap", true}, "m": {"bridge portmap", true}, "plain": {"ptp", false}, "bridge": {"bridge portmap", true}} {
		data, err := n.find(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		list, err := libcni.NetworkConfFromBytes(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var plugins []string
		for _, p := range list.Plugins {
			plugins = append(plugins, p.Network.Type)
		}
		if got := strings.Join(plugins, " "); got != want.plugins || mapsPorts(list) != want.ports || list.Name != name {
			t.Errorf("%s: plugins %s of %s, ports %v", name, got, list.Name, mapsPorts(list))
		}
	}
	if _, err := n.find("c"); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "it has a, b, bridge, m, plain.") {
		t.Errorf("unknown network: %v", err)
	}
	if a, b := BridgeDevice("/a"), BridgeDevice("/b"); a == b || len(a) > 15 {
		t.Errorf("bridges %s and %s", a, b)
	}
}

func TestResolv(t *testing.T) {
	var d dns
	if d.resolv() != "" {
		t.Error("nothing is something")
	}
	d.add(types.DNS{Nameservers: []string{"10.0.0.2", "10.0.0.3"}, Domain: "a", Search: []string{"a", "b"}, Options: []string{"ndots:2"}})
	if got, want := d.resolv(), "domain a\nsearch a b\noptions ndots:2\nnameserver 10.0.0.2\nnameserver 10.0.0.3\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What a container has to say to plugins is added to what the operator's file says, for every plugin of the network.
func TestArgs(t *testing.T) {
	list := []byte(`{"name": "n", "cniVersion": "0.4.0", "plugins": [{"type": "ptp", "args": {"cni": {"x": 1}}}, {"type": "portmap"}]}`)
	got, err := withArgs(list, json.RawMessage(`{"org.apache.mesos": {"network_info": {"name": "n"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := libcni.NetworkConfFromBytes(got)
	if err != nil || len(parsed.Plugins) != 2 {
		t.Fatalf("%s: %v", got, err)
	}
	for i, want := range []string{`"args":{"cni":{"x": 1},"org.apache.mesos":{"network_info":{"name":"n"}}}`, `"args":{"org.apache.mesos":{"network_info":{"name":"n"}}}`} {
		var compact, wanted bytes.Buffer
		if err := errors.Join(json.Compact(&compact, parsed.Plugins[i].Bytes), json.Compact(&wanted, []byte("{"+want+"}"))); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(compact.String(), wanted.String()[1:wanted.Len()-1]) {
			t.Errorf("plugin %d has %s, want %s in it", i, compact.String(), want)
		}
	}
	if got, err := withArgs(list, nil); err != nil || !bytes.Equal(got, list) {
		t.Errorf("without anything to say: %s, %v", got, err)
	}
}
