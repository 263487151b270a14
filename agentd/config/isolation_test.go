package config

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/spf13/pflag"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/flagset"
)

func isolation(t *testing.T, args ...string) (Isolation, error) {
	t.Helper()
	var i Isolation
	fs := pflag.NewFlagSet("agentd", pflag.ContinueOnError)
	flagset.Normalize(fs)
	i.register(fs)
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	err := i.complete()
	return i, err
}

func TestIsolation(t *testing.T) {
	i, err := isolation(t)
	if err != nil || i.Effective != nil || i.HostPaths != nil || i.Devices != nil || len(i.Bounding) != 14 || !slices.Contains(i.Bounding, "CAP_NET_RAW") {
		t.Errorf("by default: %+v, %v", i, err)
	}
	i, err = isolation(t, `--effective-capabilities={"capabilities":["CHOWN"]}`, "--bounding-capabilities=cap_chown,SYS_PTRACE",
		"--host-path-volumes=/data/,/srv", "--seccomp-config-dir=/etc/seccomp",
		"--network-cni-plugins-dir=/opt/cni", "--network_cni_config_dir=/etc/cni", "--bridge-subnet=10.1.0.0/24", "--enforce-container-disk-quota=false",
		`--allowed-devices={"allowed_devices":[{"device":{"path":"/dev/fuse"},"access":{"read":true}}]}`)
	if err != nil {
		t.Fatal(err)
	}
	want := Isolation{
		Effective: []string{"CAP_CHOWN"}, Bounding: []string{"CAP_CHOWN", "CAP_SYS_PTRACE"}, HostPaths: []string{"/data", "/srv"}, OwnPIDs: true, OwnIPC: true,
		SeccompDir: "/etc/seccomp", Devices: []runtime.Device{{Path: "/dev/fuse", Access: "r"}},
		NetworkPlugins: []string{"/opt/cni"}, NetworkDir: "/etc/cni", NetworkTimeout: time.Minute, BridgeSubnet: "10.1.0.0/24",
		DiskWatch: 15 * time.Second,
	}
	if d := cmp.Diff(i, want, cmpopts.IgnoreUnexported(Isolation{})); d != "" {
		t.Errorf("(-got +want):\n%s", d)
	}
	if i, err = isolation(t, "--host-path-volumes=none", "--allowed-devices=/dev/a,/dev/b"); err != nil || i.HostPaths == nil || len(i.HostPaths) != 0 || len(i.Devices) != 2 {
		t.Errorf("none: %+v, %v", i, err)
	}
	for want, arg := range map[string]string{
		"not the name of a capability": "--bounding-capabilities=ROOT",
		"is not JSON":                  "--effective-capabilities={",
		"must be an absolute path":     "--host-path-volumes=data",
		"must be more than 0":          "--container-disk-watch-interval=0secs",
		"timeout must be more than 0":  "--network-cni-timeout=0secs",
		"is not a subnet":              "--bridge-subnet=10.1.0.0",
		"\"\" must be an absolute":     "--network-cni-plugins-dir=",
		"is empty":                     "--host-path-volumes=",
		"absolute path":                "--seccomp-config-dir=x",
		"not the path of a device":     "--allowed-devices=/etc/passwd",
		"neither read nor written":     `--allowed-devices={"allowed_devices":[{"device":{"path":"/dev/fuse"}}]}`,
	} {
		if _, err := isolation(t, arg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", arg, err, want)
		}
	}
}
