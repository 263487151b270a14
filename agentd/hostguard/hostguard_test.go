package hostguard

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
)

func TestSecrets(t *testing.T) {
	for _, pattern := range secrets {
		if _, err := filepath.Match(pattern, "/"); err != nil || !filepath.IsAbs(pattern) {
			t.Errorf("%s: %v", pattern, err)
		}
	}
	hidden := Hidden([]string{"/etc/shadow"}, []string{"/nowhere/work"})
	for _, dir := range []string{"/proc", "/sys", "/dev", "/etc/shadow", "/nowhere/work"} {
		if !slices.Contains(hidden, dir) {
			t.Errorf("%s is not in %v", dir, hidden)
		}
	}
}

func TestDevices(t *testing.T) {
	found, err := Devices([]runtime.Device{{Path: "/dev/null", Access: "r"}})
	if err != nil || len(found) != 1 || found[0].Kind != "c" || found[0].Major != 1 || found[0].Minor != 3 || found[0].Mode != 0o666 {
		t.Errorf("/dev/null: %+v, %v", found, err)
	}
	for path, want := range map[string]string{"/dev/no-such": "no such file", "/etc/passwd": "not a device"} {
		if _, err := Devices([]runtime.Device{{Path: path}}); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
