package checkpoint

import (
	"os"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/fault"
)

// TestAcquireIdentity: an id is one agentd's at a time, and nothing is left of it.
func TestAcquireIdentity(t *testing.T) {
	dir := t.TempDir() + "/agents"
	first, err := AcquireIdentity(dir, "m-S0", "/var/lib/one")
	if err != nil {
		t.Fatal(err)
	}
	_, err = AcquireIdentity(dir, "m-S0", "/var/lib/copy")
	if fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "/var/lib/one") || !strings.Contains(err.Error(), "/var/lib/copy") {
		t.Errorf("a copy: %v, want a conflict that names both", err)
	}
	other, err := AcquireIdentity(dir, "m-S1", "/var/lib/two")
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	again, err := AcquireIdentity(dir, "m-S0", "/var/lib/copy")
	if err != nil {
		t.Fatalf("after it was given up: %v", err)
	}
	for _, lock := range []*Lock{other, again} {
		if err := lock.Release(); err != nil {
			t.Error(err)
		}
	}
	if err := os.WriteFile(dir+"/m-S2", []byte("/var/lib/killed"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := ForgetIdentity(dir, "/var/lib/killed"); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%v, %v are left", left, err)
	}
	if _, err := AcquireIdentity(dir, "../x", "/w"); err == nil {
		t.Error("an id that leads elsewhere was taken")
	}
}
