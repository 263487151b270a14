package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/shared/imagetest"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// inspected is what reeve inspect says of a task, for programs.
type inspected struct {
	Task      reeveapi.Task
	Container reeveapi.ContainerDetail
}

func (r *rig) inspect(name string) inspected {
	r.t.Helper()
	var got inspected
	if err := json.Unmarshal([]byte(r.must("inspect", name, "-o", "json")), &got); err != nil {
		r.t.Fatal(err)
	}
	return got
}

// TestWhatATaskIsMadeOf: while something is fetched for a task everybody sees how far it is; of one that runs everybody sees which
// image it is in and what was fetched, with what that took, also after agentd was killed.
func TestWhatATaskIsMadeOf(t *testing.T) {
	t.Parallel()
	needRoot(t)
	const size, first = 8 << 20, 5 << 20
	open := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(size))
		_, _ = w.Write(make([]byte, first))
		_ = http.NewResponseController(w).Flush()
		select {
		case <-open:
		case <-r.Context().Done():
		}
		_, _ = w.Write(make([]byte, size-first))
	}))
	t.Cleanup(server.Close)
	img := webImage(t)
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	name := imagetest.Serve(t, nil).Push(t, "team/web:1", img)
	r := start(t, 1, 1)
	spec := reeveapi.JobSpec{
		Name: "one", Command: "sleep 1000", Image: name, Fetch: []reeveapi.JobFetch{{URI: server.URL + "/big.bin?token=secret", File: "big", Cache: true}},
	}
	r.submit(spec)
	r.submit(reeveapi.JobSpec{Name: "plain", Command: "sleep 1000", Fetch: []reeveapi.JobFetch{{URI: server.URL + "/plain.bin"}}})
	fetched := func(t reeveapi.Task, state string) bool {
		return t.State == state && t.Pull != nil && t.Pull.URI != "" && t.Pull.Done == first
	}
	tasks := r.await("tasks for which something is fetched", func(ts []reeveapi.Task) bool {
		one, plain := jobTask(ts, "one"), jobTask(ts, "plain")
		return fetched(one, "TASK_STAGING") && fetched(plain, "TASK_STARTING") // without an image it starts at once
	})
	if plain := jobTask(tasks, "plain"); plain.Message != "fetching plain.bin, 5 of 9 MB" {
		t.Errorf("without an image: %q", plain.Message)
	}
	task := jobTask(tasks, "one")
	if want := (reeveapi.Pull{URI: server.URL + "/big.bin", Done: first, Total: size}); *task.Pull != want || task.Message != "fetching big.bin, 5 of 9 MB" {
		t.Errorf("on its way: %+v %q, want %+v", *task.Pull, task.Message, want)
	}
	if out := r.reeve("tasks").stdout; !strings.Contains(out, "staging, fetching big.bin, 5 of 9 MB") {
		t.Errorf("reeve tasks says %s", out)
	}
	close(open)
	if ts := r.await("the tasks run", func(ts []reeveapi.Task) bool { return all(ts, 2, "TASK_RUNNING") }); jobTask(ts, "plain").Pull != nil {
		t.Errorf("one that runs says %q", jobTask(ts, "plain").Message)
	}
	was := r.inspect("one")
	madeOf(t, "one", was, name, digest.String(), reeveapi.Artifact{URI: server.URL + "/big.bin", Bytes: size})
	if of := was.Container.Images[0]; of.PulledBytes <= 0 || of.PulledBytes > of.Bytes || of.Seconds <= 0 {
		t.Errorf("the image that was pulled: %+v", of)
	}
	if out := r.must("inspect", "one"); !strings.Contains(out, digest.String()) || !strings.Contains(out, "pulled in") || !strings.Contains(out, "/big.bin 8.0 MB in ") {
		t.Errorf("reeve inspect says\n%s", out)
	}

	if err := r.Agents[0].Kill(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.Agents[0].Start(ctx); err != nil {
		t.Fatal(err)
	}
	if err := r.WaitReady(ctx, 1); err != nil {
		t.Fatal(err)
	}
	again := r.inspect("one")
	if diff := cmp.Diff(again.Container.Images, was.Container.Images) + cmp.Diff(again.Container.Artifacts, was.Container.Artifacts); diff != "" || again.Container.ID != was.Container.ID {
		t.Errorf("after agentd was killed (-got +want):\n%s", diff)
	}

	// The cache begins anew with agentd: what comes next fills it, and what comes then finds all there.
	for i, name := range []string{"two", "three"} {
		spec.Name = name
		r.submit(spec)
		r.await(name+" runs", func(ts []reeveapi.Task) bool { return all(ts, i+3, "TASK_RUNNING") })
	}
	last := r.inspect("three")
	madeOf(t, "three", last, name, digest.String(), reeveapi.Artifact{URI: server.URL + "/big.bin", Bytes: size, Cached: true})
	if of := last.Container.Images[0]; of.PulledBytes != 0 || of.Bytes != was.Container.Images[0].Bytes {
		t.Errorf("the image that was there: %+v", of)
	}

	// The first one ends: all of it is known still, also to the next agentd.
	r.must("kill", "--yes", was.Task.ID)
	r.await("the first one's end", func(ts []reeveapi.Task) bool {
		return slices.ContainsFunc(ts, func(t reeveapi.Task) bool { return t.ID == was.Task.ID && t.State == "TASK_KILLED" })
	})
	remembered := func() {
		t.Helper()
		past := r.inspect(was.Task.ID)
		if diff := cmp.Diff(past.Container.Images, was.Container.Images) + cmp.Diff(past.Container.Artifacts, was.Container.Artifacts); diff != "" || !past.Container.Ended || past.Container.ID != was.Container.ID {
			t.Errorf("after it has ended (-got +want):\n%s%+v", diff, past.Container)
		}
		if out := r.must("inspect", was.Task.ID); !strings.Contains(out, digest.String()) || !strings.Contains(out, "/big.bin 8.0 MB in ") {
			t.Errorf("reeve inspect says\n%s", out)
		}
	}
	remembered()
	if err := r.Agents[0].Kill(); err != nil {
		t.Fatal(err)
	}
	if err := r.Agents[0].Start(ctx); err != nil {
		t.Fatal(err)
	}
	if err := r.WaitReady(ctx, 1); err != nil {
		t.Fatal(err)
	}
	remembered()
}

// jobTask is the task of a job, the zero one if it has none.
func jobTask(tasks []reeveapi.Task, job string) reeveapi.Task {
	for _, t := range tasks {
		if t.Job == job {
			return t
		}
	}
	return reeveapi.Task{}
}

// madeOf checks what a task is made of, but for how long that took.
func madeOf(t *testing.T, what string, got inspected, image, digest string, file reeveapi.Artifact) {
	t.Helper()
	d := got.Container
	if len(d.Images) != 1 || len(d.Artifacts) != 1 {
		t.Fatalf("%s is made of %+v, %+v; want an image and a file", what, d.Images, d.Artifacts)
	}
	if of := d.Images[0]; of.Name != image || of.Digest != digest || of.Bytes <= 0 {
		t.Errorf("%s: the image is %+v, want %s %s", what, of, image, digest)
	}
	of := d.Artifacts[0]
	if of.Seconds <= 0 {
		t.Errorf("%s: no time passed: %+v", what, of)
	}
	if of.Seconds = 0; of != file {
		t.Errorf("%s: fetched was %+v, want %+v", what, of, file)
	}
}
