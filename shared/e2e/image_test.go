package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"codeberg.org/reeve/reeve/shared/imagetest"
	"codeberg.org/reeve/reeve/shared/reeveapi"
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
	if layers, err := filepath.Glob(filepath.Join(r.Agents[0].Dir(), "images", "layers", "*")); err != nil || len(layers) != 2 {
		t.Errorf("the agent keeps the layers %v, %v, want two", layers, err)
	}
	if mounts, err := os.ReadFile("/proc/self/mountinfo"); err != nil || strings.Contains(string(mounts), r.Agents[0].Dir()) {
		t.Errorf("mounts are left, %v:\n%s", err, mounts)
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
