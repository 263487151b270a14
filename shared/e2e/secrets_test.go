package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"codeberg.org/reeve/reeve/shared/imagetest"
	"codeberg.org/reeve/reeve/shared/localcluster"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// write makes a file that only its owner can read.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// What a secret is worth is in the task that refers to it, and nowhere else where anybody can look.
func TestSecretsReachTasksAndNobodyElse(t *testing.T) {
	t.Parallel()
	needRoot(t)
	key := write(t, base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)))
	r := startWith(t, localcluster.Options{Bin: bin(t), Masters: 3, Agents: 1, MasterArgs: []string{"--secrets-key-file=" + key}})
	job := reeveapi.JobSpec{
		Name: "web", Kind: reeveapi.Service, Update: &reeveapi.JobUpdate{HealthySeconds: 0.1}, Resources: reeveapi.Amounts{CPUs: 0.1, Mem: 32},
		Command: `test "$PASSWORD" = "$(cat sub/password)" && stat -c %a sub/password && printf %s "$PASSWORD" | sha256sum && exec sleep 1000`,
		Secrets: []reeveapi.JobSecret{{Name: "db", Env: "PASSWORD"}, {Name: "db", File: "sub/password"}},
	}
	if _, err := r.client.SubmitJob(t.Context(), job); err == nil || !strings.Contains(err.Error(), `there is no secret "db"`) {
		t.Errorf("a job that refers to nothing: %v", err)
	}
	file := write(t, "{name: web, command: x, secrets: [{name: db, env: A}]}")
	if got := r.reeve("run", "--dry-run", "-f", file); got.code != 1 || !strings.Contains(got.stderr, "there is no secret db") {
		t.Errorf("a dry run of it: %+v", got)
	}
	const value, newer = "correct-horse-battery-staple", "another-horse-battery-staple"
	if said := r.must("secrets", "set", "db", "--from="+write(t, value)); !strings.Contains(said, "version 1, 28 bytes, sealed with key ") {
		t.Errorf("reeve secrets set said %q", said)
	}
	r.submit(job)
	first := r.awaitJob("web", "a healthy instance", healthy(1))
	r.reads(first, value)
	if got := r.reeve("secrets", "remove", "--yes", "db"); got.code != 1 || !strings.Contains(got.stderr, "is needed by job web") {
		t.Errorf("removing what is in use: %+v", got)
	}
	r.must("secrets", "set", "db", "--from="+write(t, newer))
	r.killLeader() // the next one opens it with its own file of keys
	r.must("restart", "web", "--yes")
	second := r.awaitJob("web", "a task with the new version", func(j *reeveapi.Job) bool {
		return healthy(1)(j) && j.Instances[0].Task != first.Instances[0].Task
	})
	r.reads(second, newer)
	r.nowhere(value, newer)
	r.must("stop", "--yes", "web")
	r.awaitJob("web", "its end", func(j *reeveapi.Job) bool { return j.State == reeveapi.JobStopped })
	r.must("secrets", "remove", "--yes", "db")
	if got := r.must("secrets", "-o", "name"); got != "" {
		t.Errorf("reeve secrets shows\n%s", got)
	}
}

// A job's image may be behind a password, which is a secret; and it may bring its own command, which takes the job's arguments.
func TestASecretOpensARegistry(t *testing.T) {
	t.Parallel()
	needRoot(t)
	var closed atomic.Bool
	registry := imagetest.Serve(t, func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if user, password, _ := r.BasicAuth(); closed.Load() && user+password != "annhunter2" {
				w.Header().Set("WWW-Authenticate", `Basic realm="images"`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			inner.ServeHTTP(w, r)
		})
	})
	name := registry.Push(t, "team/tool:1", imagetest.Build(t, v1.Config{Entrypoint: []string{"/bin/echo", "tool"}}, imagetest.Busybox(t)))
	closed.Store(true)
	r := start(t, 1, 1)
	r.submit(reeveapi.JobSpec{Name: "outside", Image: name, Args: []string{"x"}})
	r.awaitJob("outside", "to fail", func(j *reeveapi.Job) bool { return j.State == reeveapi.JobFailed })

	config := fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, registry.Host, base64.StdEncoding.EncodeToString([]byte("ann:hunter2")))
	if said := r.must("secrets", "set", "images", "--from="+write(t, config)); !strings.Contains(said, "in clear") {
		t.Errorf("without a file of keys, reeve secrets set said %q", said)
	}
	r.submit(reeveapi.JobSpec{Name: "inside", Image: name, Args: []string{"$HOME", "two words"}, Secrets: []reeveapi.JobSecret{{Name: "images", ImagePull: true}}})
	r.awaitJob("inside", "to finish", func(j *reeveapi.Job) bool { return j.State == reeveapi.JobFinished })
	r.await("its output", func(ts []reeveapi.Task) bool {
		i := slices.IndexFunc(ts, func(x reeveapi.Task) bool { return x.Job == "inside" && x.Sandbox != "" })
		return i >= 0 && r.stdout(ts[i]) == "tool $HOME two words\n"
	})
}

// reads checks that the only instance of a job has read a value from both places.
func (r *rig) reads(j *reeveapi.Job, value string) {
	r.t.Helper()
	id, want := j.Instances[0].Task, fmt.Sprintf("600\n%x  -\n", sha256.Sum256([]byte(value)))
	r.await("the output of "+id, func(ts []reeveapi.Task) bool {
		i := slices.IndexFunc(ts, func(x reeveapi.Task) bool { return x.ID == id && x.Sandbox != "" })
		return i >= 0 && r.stdout(ts[i]) == want
	})
}

// nowhere looks for values in everything that daemons answer, and in all that they write but journals, which are theirs alone.
func (r *rig) nowhere(values ...string) {
	r.t.Helper()
	look := func(where string, data []byte) {
		for _, v := range values {
			if bytes.Contains(data, []byte(v)) || bytes.Contains(data, []byte(base64.StdEncoding.EncodeToString([]byte(v)))) {
				r.t.Errorf("%s has a secret in it", where)
			}
		}
	}
	for _, p := range slices.Concat(r.Masters, r.Agents) {
		if p.Ended() {
			continue
		}
		paths := []string{"/state", "/flags", "/metrics/snapshot"}
		calls := []string{"GET_STATE", "GET_TASKS", "GET_EXECUTORS", "GET_FRAMEWORKS"}
		if p.Program == "masterd" {
			paths = append(paths, "/tasks", "/frameworks", "/registrar(1)/registry", "/reeve/v1/jobs", "/reeve/v1/tasks", "/reeve/v1/events", "/reeve/v1/secrets")
		} else {
			paths, calls = append(paths, "/containers"), append(calls, "GET_CONTAINERS")
		}
		for _, path := range paths {
			look(p.Name+path, r.answer(http.MethodGet, "http://"+p.Addresses.HTTP+path, ""))
		}
		for _, call := range calls {
			look(p.Name+" "+call, r.answer(http.MethodPost, "http://"+p.Addresses.HTTP+"/api/v1", `{"type":"`+call+`"}`))
		}
	}
	for _, verb := range [][]string{{"jobs", "web", "-o", "yaml"}, {"jobs", "history", "web"}, {"tasks", "-o", "yaml"}, {"events"}, {"secrets", "-o", "json"}} {
		look("reeve "+strings.Join(verb, " "), []byte(r.must(verb...)))
	}
	dir := filepath.Dir(r.Masters[0].Dir())
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if d.Name() == "journal" {
			if info.Mode().Perm() != 0o600 {
				r.t.Errorf("%s has mode %v", path, info.Mode())
			}
			return nil
		}
		data, err := os.ReadFile(path)
		look(path, data)
		return err
	})
	if err != nil {
		r.t.Error(err)
	}
}

// answer is what a daemon says, whatever it is; masters that do not lead send on to the one that does.
func (r *rig) answer(method, url, body string) []byte {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		r.t.Errorf("%s %s: %s, %v", method, url, resp.Status, err)
	}
	return data
}
