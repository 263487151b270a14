package provenance

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// TestBook: what was noted is there, for the next agentd too, until it is released or its container is gone.
func TestBook(t *testing.T) {
	dir := filepath.Join(t.TempDir(), Dir)
	open := func(there ...ids.Container) *Book {
		t.Helper()
		b, err := Open(dir, there)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	check := func(what string, b *Book, id ids.Container, want Record) {
		t.Helper()
		if diff := cmp.Diff(b.Of(id), want); diff != "" {
			t.Errorf("%s, %s (-got +want):\n%s", what, id, diff)
		}
	}
	own := reeveapi.ContainerImage{Name: "alpine", Digest: "sha256:1", Bytes: 100, PulledBytes: 40, Seconds: 1.5}
	volume := reeveapi.ContainerImage{Name: "data", Digest: "sha256:2", Bytes: 7, Path: "/data"}
	file := reeveapi.Artifact{URI: "http://x/a", Bytes: 12, Seconds: 0.5, Cached: true}
	one, two := Record{Images: []reeveapi.ContainerImage{own, volume}, Artifacts: []reeveapi.Artifact{file}}, Record{Artifacts: []reeveapi.Artifact{file, file}}

	b := open()
	noted := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	noted(b.Image("one", own))
	noted(b.Image("one", volume))
	noted(b.Artifact("one", file))
	noted(b.Artifact("two", file))
	kept := b.Of("two")
	noted(b.Artifact("two", file))
	noted(b.Artifact("three", file))
	check("noted", b, "one", one)
	check("noted", b, "two", two)
	check("nothing noted", b, "none", Record{})
	if len(kept.Artifacts) != 1 {
		t.Errorf("what was given away has changed: %+v", kept)
	}
	noted(b.Release("three"))
	noted(b.Release("none"))
	check("released", b, "three", Record{})

	for name, text := range map[string]string{"torn" + suffix: `{"images":[`, "half" + suffix + unwritten: "{}"} {
		noted(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	b = open("one", "torn", "three")
	check("after a restart", b, "one", one)
	check("gone meanwhile", b, "two", Record{})
	check("torn", b, "torn", Record{})
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "one"+suffix {
		t.Errorf("left are %v (%v), want the record of one", entries, err)
	}
}
