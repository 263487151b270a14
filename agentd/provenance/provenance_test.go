package provenance

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// TestBook: what was noted is there, for the next agentd too, until the sandbox of its run is deleted, however its container ends.
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
	check := func(what string, b *Book, run, id ids.Container, want Record) {
		t.Helper()
		if diff := cmp.Diff(b.Of(run, id), want); diff != "" {
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
	noted(b.Image("one", "one", own))
	noted(b.Image("one", "one", volume))
	noted(b.Artifact("one", "one", file))
	noted(b.Artifact("pod", "two", file))
	kept := b.Of("pod", "two")
	noted(b.Artifact("pod", "two", file))
	noted(b.Artifact("pod", "three", file))
	check("noted", b, "one", "one", one)
	check("noted", b, "pod", "two", two)
	check("nothing noted", b, "none", "none", Record{})
	check("of another run", b, "one", "none", Record{})
	if len(kept.Artifacts) != 1 {
		t.Errorf("what was given away has changed: %+v", kept)
	}
	b.Ended("two")
	b.Ended("none")
	check("ended", b, "pod", "two", two)
	check("ended, of another run", b, "one", "two", Record{})

	for name, text := range map[string]string{"torn" + suffix: `{"images":[`, "half" + suffix + unwritten: "{}"} {
		noted(os.WriteFile(filepath.Join(dir, "pod", name), []byte(text), 0o600))
	}
	b = open("one", "torn")
	check("after a restart", b, "one", "one", one)
	check("ended meanwhile", b, "pod", "three", Record{Artifacts: []reeveapi.Artifact{file}})
	check("torn", b, "pod", "torn", Record{})
	check("outside", b, "..", "../one/one", Record{})

	noted(b.Forget("one"))
	noted(b.Forget("none"))
	for _, wrong := range []ids.Container{"..", ".", ""} {
		if b.Forget(wrong) == nil {
			t.Errorf("it forgot %q", wrong)
		}
	}
	b.Ended("one")
	check("sandbox deleted", b, "one", "one", Record{})
	check("another one's was", b, "pod", "two", two)
	noted(b.Artifact("gone", "gone", file))
	b.Ended("gone")
	noted(b.Keep(map[ids.Container]bool{"pod": true, "new": true}))
	check("deleted while no agentd ran", b, "gone", "gone", Record{})
	check("still there", b, "pod", "two", two)
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("left are %v (%v), want the run of the pod", entries, err)
	}
}
