package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"codeberg.org/reeve/reeve/shared/imagetest"
	"codeberg.org/reeve/reeve/shared/slowhost"
)

// breaking spoils the layers of images by the name that they have: hang, half, corrupt.
func breaking(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		layer := r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/")
		switch {
		case layer && strings.Contains(r.URL.Path, "/hang/"):
			<-r.Context().Done()
		case layer && strings.Contains(r.URL.Path, "/half/"):
			w.Header().Set("Content-Length", "100000")
			w.WriteHeader(http.StatusOK)
			panic(http.ErrAbortHandler)
		case layer && strings.Contains(r.URL.Path, "/corrupt/"):
			next.ServeHTTP(&flipped{ResponseWriter: w}, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// flipped turns a bit of what it writes, and gives the same number of bytes.
type flipped struct{ http.ResponseWriter }

func (f *flipped) Write(p []byte) (int, error) {
	spoilt := append([]byte{}, p...)
	if len(spoilt) > 0 {
		spoilt[len(spoilt)/2] ^= 1
	}
	return f.ResponseWriter.Write(spoilt)
}

// Whatever goes wrong with an image, the task fails with one sentence that says what, and nothing is left behind.
func TestBrokenImagesLeaveNothing(t *testing.T) {
	t.Parallel()
	needRoot(t)
	registry := imagetest.Serve(t, breaking)
	small := imagetest.Build(t, v1.Config{}, imagetest.Layer(t, []imagetest.Entry{{Name: "file", Body: strings.Repeat("content ", 1000)}}))
	noise, source := make([]byte, 32<<20), rand.NewChaCha8([32]byte{})
	for at := 0; at < len(noise); at += 4096 { // half as large when it is packed: what is missing of the disk shows in the middle
		if _, err := source.Read(noise[at : at+2048]); err != nil {
			t.Fatal(err)
		}
	}
	large := imagetest.Build(t, v1.Config{}, imagetest.Layer(t, []imagetest.Entry{{Name: "file", Body: string(noise)}}))
	stall := slowhost.Scale(4 * time.Second) // on a slow host the others must not look as if they hung
	r, disk := startOnSmallDisk(t, 24, fmt.Sprintf("--fetcher-stall-timeout=%dsecs", int(stall.Seconds())))
	p := placesOf(r.Agents[0].Dir())
	var all sync.WaitGroup
	for task, test := range map[string]struct {
		image v1.Image // nil for none
		want  string
	}{
		"corrupt": {small, "sent it damaged"},
		"half":    {small, "broke the connection off"},
		"hang":    {small, "has sent nothing for " + stall.String()},
		"missing": {nil, "has no missing/image 1"},
		"large":   {large, "no space is left"},
	} {
		image := registry.Host + "/" + task + "/image:1"
		if test.image != nil {
			registry.Push(t, task+"/image:1", test.image)
		}
		all.Go(func() {
			got := r.reeve("execute", "--name="+task, "--command=true", "--docker_image="+image, "--resources=cpus:0.1;mem:32")
			for _, want := range []string{"TASK_FAILED", "REASON_CONTAINER_LAUNCH_FAILED", test.want, image} {
				if !strings.Contains(got.stdout, want) {
					t.Errorf("%s: got %s%s, want %s", task, got.stdout, got.stderr, want)
				}
			}
			if message, _, _ := strings.Cut(got.stdout[strings.Index(got.stdout, "TASK_FAILED")+1:], "source:"); strings.Count(message, "image "+image) != 1 {
				t.Errorf("%s: that is not one sentence: %s", task, message)
			}
		})
	}
	all.Wait()
	r.awaitLeft(p, left{"mounts": 1}) // the small disk
	for _, pattern := range []string{"images/layers/*", "images/images/*", "images/tmp/*", "images/pins/*", "containers/*-*"} {
		if found, err := filepath.Glob(filepath.Join(disk, pattern)); err != nil || len(found) > 0 {
			t.Errorf("%v are left, %v", found, err)
		}
	}
	if got := r.reeve("execute", "--name=after", "--command=echo fine", "--resources=cpus:0.1;mem:32"); !strings.Contains(got.stdout, "TASK_FINISHED") {
		t.Errorf("afterwards: %s%s", got.stdout, got.stderr)
	}
}

// Tasks run in images out of files as well: what docker save writes, OCI layouts, and tarballs of those.
func TestImagesOutOfFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	img := webImage(t)
	tag, err := name.NewTag("team/web:1")
	if err != nil {
		t.Fatal(err)
	}
	path, err := layout.Write(filepath.Join(dir, "web"), empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(
		path.AppendImage(img, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": "1"})),
		tarball.WriteToFile(filepath.Join(dir, "web.tar"), tag, img),
		os.Chmod(dir, 0o755),
	)
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, 1, 1, "--image-dir="+dir)
	for task, image := range map[string]string{"layout": "oci:web:1", "saved": "docker-archive:web.tar:team/web:1"} {
		if printed, wrote := r.run(task, "cat index", "--docker_image="+image); wrote != "hello from the image\n" {
			t.Errorf("%s: wrote %q; printed %s", image, wrote, printed)
		}
	}
	if layers, err := filepath.Glob(filepath.Join(r.Agents[0].Dir(), "images", "layers", "*")); err != nil || len(layers) != 2 {
		t.Errorf("the agent keeps the layers %v, %v, want the same two of both", layers, err)
	}
	if printed, _ := r.run("outside", "true", "--docker_image=oci:../web:1"); !strings.Contains(printed, "TASK_FAILED") {
		t.Errorf("outside of --image-dir: %s", printed)
	}
}

// What has ended goes when it is old: the sandbox, and the image that nobody uses. Its layers would go when they are an hour old.
func TestWhatIsOldIsCollected(t *testing.T) {
	t.Parallel()
	image := imagetest.Serve(t, nil).Push(t, "team/web:1", webImage(t))
	r := start(t, 1, 1, "--gc-delay=3secs", "--image-gc-delay=3secs", "--disk-watch-interval=500ms")
	if printed, wrote := r.run("old", "cat index", "--docker_image="+image); wrote != "hello from the image\n" {
		t.Fatalf("wrote %q; printed %s", wrote, printed)
	}
	young := r.inBackground("execute", "--name=young", "--command=sleep 1000", "--resources=cpus:0.1;mem:32")
	counts := func(want map[string]int) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		err := r.Poll(ctx, func(context.Context) (bool, string) {
			got := map[string]int{}
			for pattern := range want {
				found, err := filepath.Glob(filepath.Join(r.Agents[0].Dir(), pattern))
				if err != nil {
					t.Fatal(err)
				}
				got[pattern] = len(found)
			}
			return maps.Equal(got, want), fmt.Sprintf("%v, and not %v", want, got)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	counts(map[string]int{
		"images/images/*": 0, "images/pins/*": 0, "slaves/*/frameworks/*/executors/old": 0, "slaves/*/frameworks/*/executors/young/runs/latest": 1,
	})
	r.prune(r.Agents[0].Addresses.HTTP)
	counts(map[string]int{"images/layers/*": 0, "images/tmp/*": 0})
	if got := r.reeve("logs", "old"); got.code == 0 || !strings.Contains(got.stderr, "old") {
		t.Errorf("the log of what was collected: %+v", got)
	}
	if got := r.reeve("kill", "--yes", "young"); got.code != 0 {
		t.Errorf("kill: %+v", got)
	}
	<-young.done
}
