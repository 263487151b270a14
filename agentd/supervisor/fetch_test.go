package supervisor

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/agentd/fetcher"
	"codeberg.org/reeve/reeve/agentd/image"
	"codeberg.org/reeve/reeve/agentd/image/store"
	"codeberg.org/reeve/reeve/agentd/launch"
	"codeberg.org/reeve/reeve/agentd/provenance"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/runtime/fake"
	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// shelf has images without anybody bringing them.
type shelf struct{}

func (shelf) Pull(_ context.Context, _ ids.Container, ask image.Ask, _ func(store.Progress)) (image.Image, error) {
	return image.Image{Name: ask.Name, Digest: "sha256:" + ask.Name, Bytes: 100, Pulled: 40, Took: 1500 * time.Millisecond}, nil
}

func (shelf) Release(ids.Container) error { return nil }

// TestOrigins: what a container is made of is known while it is made, and to the next agentd, also when it has been deleted; how far a URI
// is is told once a second.
func TestOrigins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := reeveapi.Artifact{URI: "http://x/f", Bytes: 30, Seconds: 3}
		more := make(chan struct{})
		h := newHarness(t, fake.New(nil), func(_ context.Context, _ string, _ []*mesosv1.CommandInfo_URI, _ string, watch *fetcher.Watch) error {
			time.Sleep(50 * time.Millisecond)
			for i := range int64(30) {
				watch.Progress(file.URI, i+1, -1)
				time.Sleep(100 * time.Millisecond)
			}
			watch.Fetched(file)
			<-more
			return nil
		})
		h.set.cfg.Images = shelf{}
		h.set.cfg.Give = func(string, string) error { return nil }
		h.set.Do(workload.Start{
			Spec:   runtime.Spec{ID: "c1", Argv: []string{"forever"}, Sandbox: filepath.Join(h.dir, "runs", "c1"), Mounts: []runtime.Mount{{Target: "/data"}}},
			URIs:   []*mesosv1.CommandInfo_URI{{}},
			Image:  &launch.Inside{Ask: image.Ask{Name: "web"}, Command: &mesosv1.CommandInfo{Shell: new(false), Value: new("forever"), Arguments: []string{"forever"}}},
			Images: []launch.VolumeImage{{Mount: 0, Ask: image.Ask{Name: "data"}}},
		})
		time.Sleep(time.Minute)
		synctest.Wait()
		var told string
		for _, in := range h.in {
			switch in := in.(type) {
			case workload.Pulling:
				told += fmt.Sprintf("%s %d/%d ", in.URI, in.Done, in.Total)
			case workload.LaunchFailed:
				t.Fatal(in.Message)
			}
		}
		if want := "http://x/f 10/0 http://x/f 20/0 http://x/f 30/0 "; told != want {
			t.Errorf("told %q, want %q", told, want)
		}
		want := provenance.Record{
			Images: []reeveapi.ContainerImage{
				{Name: "web", Digest: "sha256:web", Bytes: 100, PulledBytes: 40, Seconds: 1.5},
				{Name: "data", Digest: "sha256:data", Bytes: 100, PulledBytes: 40, Seconds: 1.5, Path: "/data"},
			},
			Artifacts: []reeveapi.Artifact{file},
		}
		if diff := cmp.Diff(h.origins.Of("c1", "c1"), want); diff != "" {
			t.Errorf("while it is made (-got +want):\n%s", diff)
		}
		close(more)
		synctest.Wait()
		next := func(there ...ids.Container) provenance.Record {
			b, err := provenance.Open(filepath.Join(h.dir, provenance.Dir), there)
			if err != nil {
				t.Fatal(err)
			}
			return b.Of("c1", "c1")
		}
		if diff := cmp.Diff(next("c1"), want); diff != "" {
			t.Errorf("for the next agentd (-got +want):\n%s", diff)
		}
		h.set.Do(workload.Signal{Container: "c1", Signal: sigKill})
		synctest.Wait()
		h.set.Do(workload.Delete{Container: "c1"})
		synctest.Wait()
		if diff := cmp.Diff(next(), want); diff != "" {
			t.Errorf("after it was deleted (-got +want):\n%s", diff)
		}
		h.detach()
	})
}
