package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"codeberg.org/reeve/reeve/shared/imagetest"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
)

// webImage is an image with everything that an image can say of its containers.
func webImage(t *testing.T) v1.Image {
	t.Helper()
	return imagetest.Build(t, v1.Config{
		Entrypoint: []string{"/bin/sh", "-c", `echo "entry $0 $*"; echo "$COLOUR $PATH"; pwd; id -u; id -G; ls -d /var/data; echo $MESOS_SANDBOX`},
		Cmd:        []string{"default", "words"}, Env: []string{"COLOUR=blue", "PATH=/bin", "MESOS_SANDBOX=/elsewhere"}, User: "web", WorkingDir: "/srv/web",
		Volumes: map[string]struct{}{"/var/data": {}},
	}, imagetest.Busybox(t), imagetest.Layer(t, []imagetest.Entry{{Name: "srv/"}, {Name: "srv/web/", UID: 4711}, {Name: "srv/web/index", Body: "hello from the image\n"}}))
}

// What an image says of its containers counts, for both kinds of containers, as far as the command does not say otherwise.
func TestExecuteRunsImages(t *testing.T) {
	t.Parallel()
	needRoot(t)
	registry := imagetest.Serve(t, nil)
	name := registry.Push(t, "team/web:1", webImage(t))
	r := start(t, 1, 1)
	inside := "blue /bin\n/srv/web\n4711\n4712 4713\n/var/data\n/mnt/mesos/sandbox\n"
	for _, tc := range []struct {
		name, want string
		args       []string
	}{
		{"entry", "entry default words\n" + inside, []string{"--shell=false"}},
		{"entry-docker", "entry default words\n" + inside, []string{"--shell=false", "--containerizer=docker"}},
		{"shell", "hello from the image\nred web\n", []string{"--command=cat index; touch $MESOS_SANDBOX/x && echo $COLOUR $(id -un)", `--env={"COLOUR":"red"}`}},
		{"shell-docker", "hello from the image\nblue web\n", []string{"--command=cat index; touch $MESOS_SANDBOX/x && echo $COLOUR $(id -un)", "--containerizer=docker"}},
	} {
		got := r.reeve(append([]string{"execute", "--name=" + tc.name, "--docker_image=" + name}, tc.args...)...)
		if !strings.Contains(got.stdout, "TASK_FINISHED") {
			t.Errorf("%s: got %s%s, want TASK_FINISHED", tc.name, got.stdout, got.stderr)
			continue
		}
		tasks := r.await(tc.name+" is there", func(tasks []reeveapi.Task) bool { return find(tasks, tc.name) != nil })
		if out := r.stdout(*find(tasks, tc.name)); out != tc.want {
			t.Errorf("%s: wrote %q, want %q", tc.name, out, tc.want)
		}
	}
	r.imageVolume(name)
	if layers, err := filepath.Glob(filepath.Join(r.Agents[0].Dir(), "images", "layers", "*")); err != nil || len(layers) != 2 {
		t.Errorf("the agent keeps the layers %v, %v, want two", layers, err)
	}
	if mounts, err := os.ReadFile("/proc/self/mountinfo"); err != nil || strings.Contains(string(mounts), r.Agents[0].Dir()) {
		t.Errorf("mounts are left, %v:\n%s", err, mounts)
	}
}

// imageVolume runs a task on the host's file system that has an image as a volume, and one that cannot have it.
func (r *rig) imageVolume(name string) {
	r.t.Helper()
	for _, tc := range []struct{ task, image, state, want string }{
		{"volume", name, "TASK_FINISHED", "hello from the image\nrefused\n"},
		{"no-volume", strings.TrimSuffix(name, ":1") + ":2", "has no team/web 2", ""},
	} {
		volumes := `[{"container_path":"v","mode":"RO","image":{"type":"DOCKER","docker":{"name":"` + tc.image + `"}}}]`
		got := r.reeve("execute", "--name="+tc.task, "--volumes="+volumes, "--command=cat v/srv/web/index; touch v/x 2>/dev/null || echo refused")
		if !strings.Contains(got.stdout, tc.state) {
			r.t.Errorf("%s: got %s%s, want %s", tc.task, got.stdout, got.stderr, tc.state)
			continue
		}
		if tc.want == "" {
			continue
		}
		tasks := r.await(tc.task+" is there", func(tasks []reeveapi.Task) bool { return find(tasks, tc.task) != nil })
		if out := r.stdout(*find(tasks, tc.task)); out != tc.want {
			r.t.Errorf("%s: wrote %q, want %q", tc.task, out, tc.want)
		}
	}
	r.submit(reeveapi.JobSpec{Name: "job", Command: "cat /tmp/v/srv/web/index", Volumes: []reeveapi.JobVolume{{Image: name, Container: "/tmp/v", ReadOnly: true}}})
	done := r.await("a job with an image as a volume", func(tasks []reeveapi.Task) bool { return len(ofJob(tasks, "job", "TASK_FINISHED")) == 1 })
	if out := r.stdout(ofJob(done, "job", "TASK_FINISHED")[0]); out != "hello from the image\n" {
		r.t.Errorf("the job wrote %q", out)
	}
}

func find(tasks []reeveapi.Task, id string) *reeveapi.Task {
	for i := range tasks {
		if tasks[i].ID == id {
			return &tasks[i]
		}
	}
	return nil
}

// An image that cannot be had fails the task in one sentence that says why.
func TestExecuteTellsWhyAnImageCannotBeHad(t *testing.T) {
	t.Parallel()
	needRoot(t)
	registry := imagetest.Serve(t, nil)
	registry.Push(t, "team/web:1", webImage(t))
	r := start(t, 1, 1)
	for name, tc := range map[string]struct{ image, want string }{
		"tag":      {registry.Host + "/team/web:2", "has no team/web 2"},
		"name":     {registry.Host + "/Team", "is not a name of the form"},
		"registry": {"127.0.0.1:1/x", "registry 127.0.0.1:1 cannot be reached: connect: connection refused"},
	} {
		got := r.reeve("execute", "--name="+name, "--command=true", "--docker_image="+tc.image)
		for _, want := range []string{"TASK_FAILED", "REASON_CONTAINER_LAUNCH_FAILED", tc.want} {
			if !strings.Contains(got.stdout, want) {
				t.Errorf("%s: got %s%s, want %s", name, got.stdout, got.stderr, want)
			}
		}
	}
}

// gate lets half of a layer out, and the rest when it is opened.
type gate struct {
	open    chan struct{}
	reached chan struct{}
}

func (g *gate) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
			w = &gated{w, g}
		}
		next.ServeHTTP(w, r)
	})
}

type gated struct {
	http.ResponseWriter
	*gate
}

func (g *gated) Write(p []byte) (int, error) {
	if len(p) < 4<<10 { // a configuration
		return g.ResponseWriter.Write(p)
	}
	n, err := g.ResponseWriter.Write(p[:len(p)/2])
	if flusher, ok := g.ResponseWriter.(http.Flusher); ok {
		flusher.Flush()
	}
	select {
	case g.reached <- struct{}{}:
	default:
	}
	<-g.open
	if err != nil {
		return n, err
	}
	m, err := g.ResponseWriter.Write(p[n:])
	return n + m, err
}

// While an image is on its way everybody can see how far it is; a task can be killed meanwhile, and agentd too.
func TestPullsAreSeenKilledAndTakenUpAgain(t *testing.T) {
	t.Parallel()
	needRoot(t)
	g := &gate{open: make(chan struct{}), reached: make(chan struct{}, 1)}
	registry := imagetest.Serve(t, g.around)
	name := registry.Push(t, "team/web:1", webImage(t))
	r := start(t, 1, 1)
	r.submit(reeveapi.JobSpec{Name: "web", Command: "cat /srv/web/index && sleep 1000", Image: name})
	<-g.reached
	pulling := func(tasks []reeveapi.Task) bool {
		return len(tasks) > 0 && tasks[0].State == "TASK_STAGING" && tasks[0].Pull != nil && tasks[0].Pull.Done > 0 && tasks[0].Pull.Done < tasks[0].Pull.Total &&
			strings.HasPrefix(tasks[0].Message, "pulling ")
	}
	task := r.await("a task whose image is on the way", pulling)[0]
	if out := r.reeve("tasks").stdout; !strings.Contains(out, "pulling ") {
		t.Errorf("reeve tasks says %s", out)
	}
	if images := r.images(task.AgentHTTP); len(images.Pulls) != 1 || images.Pulls[0].Waiting != 1 || images.Pulls[0].Done <= 0 || len(images.Images) != 0 {
		t.Errorf("the agent says %+v", images)
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
	<-g.reached // it is asked for again
	r.await("the image on the way again", pulling)
	if got := r.reeve("stop", "web", "--yes"); got.code != 0 {
		t.Fatalf("reeve stop: %s%s", got.stdout, got.stderr)
	}
	r.await("the task killed", func(ts []reeveapi.Task) bool { return all(ts, 1, "TASK_KILLED") })
	close(g.open)
	r.submit(reeveapi.JobSpec{Name: "web2", Command: "cat /srv/web/index && sleep 1000", Image: name})
	r.await("a task in the image", func(ts []reeveapi.Task) bool {
		return slices.ContainsFunc(ts, func(t reeveapi.Task) bool { return t.Job == "web2" && t.State == "TASK_RUNNING" })
	})
	r.prune(task.AgentHTTP)
	if images := r.images(task.AgentHTTP); len(images.Images) != 1 || images.Images[0].InUse != 1 || images.Images[0].Name != name {
		t.Errorf("with a task in it the image has gone: %+v", images)
	}
	if err := r.client.StopJob(ctx, "web2"); err != nil {
		t.Fatal(err)
	}
	r.await("two killed tasks", func(ts []reeveapi.Task) bool { return all(ts, 2, "TASK_KILLED") })
	r.await("the container deleted", func([]reeveapi.Task) bool { return r.images(task.AgentHTTP).Images[0].InUse == 0 })
	r.prune(task.AgentHTTP)
	if images := r.images(task.AgentHTTP); len(images.Images) != 0 || images.Bytes != 0 {
		t.Errorf("pruned, and left: %+v", images)
	}
	for _, dir := range []string{"layers", "images", "pins", "tmp"} {
		if left, err := os.ReadDir(filepath.Join(r.Agents[0].Dir(), "images", dir)); err != nil || len(left) != 0 {
			t.Errorf("%s holds %v, %v", dir, left, err)
		}
	}
}

// images asks an agent for its images.
func (r *rig) images(agent string) (images reeveapi.Images) {
	r.t.Helper()
	resp, err := http.Get("http://" + agent + "/reeve/v1/images")
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(&images); err != nil {
		r.t.Fatal(err)
	}
	return images
}

// prune asks an agent to delete what is not used, as an operator of Mesos would.
func (r *rig) prune(agent string) {
	r.t.Helper()
	resp, err := http.Post("http://"+agent+"/api/v1", "application/json", strings.NewReader(`{"type":"PRUNE_IMAGES","prune_images":{}}`))
	if err != nil {
		r.t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
		r.t.Errorf("PRUNE_IMAGES: %s, %v", resp.Status, err)
	}
}

// Tasks of a pod have images of their own; after agentd clean nothing of any image is left on the machine.
func TestPodsInImagesAndClean(t *testing.T) {
	t.Parallel()
	needRoot(t)
	registry := imagetest.Serve(t, nil)
	name := registry.Push(t, "team/web:1", webImage(t))
	r := start(t, 1, 1)
	task := func(id, command, container string) string {
		return `{"name":"` + id + `","task_id":{"value":"` + id + `"},"agent_id":{"value":""},"command":{"value":"` + command + `"},` + container +
			`"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":0.1}},{"name":"mem","type":"SCALAR","scalar":{"value":32}}]}`
	}
	in := `"container":{"type":"MESOS","mesos":{"image":{"type":"DOCKER","docker":{"name":"` + name + `"}}}},`
	got := r.reeve("execute", `--task_group={"tasks":[`+task("in", "cat index; pwd; touch $MESOS_SANDBOX/made", in)+`,`+task("out", "test ! -e /srv/web/index && echo outside", "")+`]}`)
	if strings.Count(got.stdout, "TASK_FINISHED") != 2 {
		t.Errorf("got %s%s, want both finished", got.stdout, got.stderr)
	}
	tasks := r.await("both tasks", func(ts []reeveapi.Task) bool { return find(ts, "in") != nil && find(ts, "out") != nil })
	for id, want := range map[string]string{"in": "hello from the image\n/srv/web\n", "out": "outside\n"} {
		if out := r.stdout(*find(tasks, id)); out != want {
			t.Errorf("%s wrote %q, want %q", id, out, want)
		}
	}
	r.submit(reeveapi.JobSpec{Name: "left", Command: "sleep 1000", Image: name})
	r.await("a running task", func(ts []reeveapi.Task) bool {
		return slices.ContainsFunc(ts, func(t reeveapi.Task) bool { return t.Job == "left" && t.State == "TASK_RUNNING" })
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := errors.Join(r.Stop(ctx), r.Clean(ctx)); err != nil {
		t.Fatal(err)
	}
	dir := r.Agents[0].Dir()
	for _, left := range []string{"images", "containers"} {
		if _, err := os.Lstat(filepath.Join(dir, left)); err == nil {
			t.Errorf("%s is left after agentd clean", left)
		}
	}
	ctx, cancel = context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := r.Poll(ctx, func(context.Context) (bool, string) { // a container of another test that begins has all mounts of the host for a moment
		mounts, err := filepath.Glob("/proc/[0-9]*/mountinfo")
		if err != nil || len(mounts) == 0 {
			t.Fatalf("no processes: %v", err)
		}
		for _, path := range mounts {
			if data, err := os.ReadFile(path); err == nil && strings.Contains(string(data), dir+"/") {
				return false, fmt.Sprintf("the end of the agent's mounts; %s has\n%s", path, data)
			}
		}
		return true, ""
	})
	if err != nil {
		t.Error(err)
	}
}

// A framework's own executor runs in an image, too, and finds its agent from there.
func TestCustomExecutorInImage(t *testing.T) {
	t.Parallel()
	needRoot(t)
	registry := imagetest.Serve(t, nil)
	name := registry.Push(t, "team/web:1", webImage(t))
	r := start(t, 1, 1)
	f := r.tenant()
	f.accept("cpus:1;mem:128", func(agent *mesosv1.AgentID) []*mesosv1.Offer_Operation {
		some := resources.MustParse("cpus:0.1;mem:32").Proto()
		return []*mesosv1.Offer_Operation{{Type: mesosv1.Offer_Operation_LAUNCH.Enum(), Launch: &mesosv1.Offer_Operation_Launch{TaskInfos: []*mesosv1.TaskInfo{{
			Name: new("t"), TaskId: &mesosv1.TaskID{Value: new("t")}, AgentId: agent, Resources: some,
			Executor: &mesosv1.ExecutorInfo{
				Type: mesosv1.ExecutorInfo_CUSTOM.Enum(), ExecutorId: &mesosv1.ExecutorID{Value: new("e")}, Resources: some,
				Command: &mesosv1.CommandInfo{Value: new("cat index; echo $MESOS_SANDBOX $MESOS_EXECUTOR_ID $COLOUR; test -n \"$MESOS_AGENT_ENDPOINT\" && exit 3")},
				Container: &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_MESOS.Enum(), Mesos: &mesosv1.ContainerInfo_MesosInfo{Image: &mesosv1.Image{
					Type: mesosv1.Image_DOCKER.Enum(), Docker: &mesosv1.Image_Docker{Name: &name},
				}}},
			},
		}}}}}
	})
	f.until("the end of the task", func() bool { return f.states["t"] == mesosv1.TaskState_TASK_FAILED })
	logs, err := filepath.Glob(filepath.Join(r.Agents[0].Dir(), "slaves", "*", "frameworks", "*", "executors", "e", "runs", "latest", "stdout"))
	if err != nil || len(logs) != 1 {
		t.Fatalf("sandboxes of the executor: %v, %v; the task says %s", logs, err, f.words["t"])
	}
	if out, err := os.ReadFile(logs[0]); err != nil || string(out) != "hello from the image\n/mnt/mesos/sandbox e blue\n" {
		t.Errorf("the executor wrote %q, %v; the task says %s", out, err, f.words["t"])
	}
}
