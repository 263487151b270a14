package e2e

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"codeberg.org/reeve/reeve/shared/imagetest"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// awaitJob polls a job until check is content with it, and returns it.
func (r *rig) awaitJob(name, what string, check func(*reeveapi.Job) bool) *reeveapi.Job {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	var job *reeveapi.Job
	err := r.Poll(ctx, func(ctx context.Context) (bool, string) {
		got, err := r.client.Job(ctx, name)
		if err != nil {
			if job != nil {
				what += "; it was " + describe(job)
			}
			return false, what + ": " + err.Error()
		}
		job = got
		return check(got), fmt.Sprintf("%s; it is %s", what, describe(got))
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return job
}

func describe(j *reeveapi.Job) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s version %d", j.State, j.Health, j.Version)
	for _, i := range j.Instances {
		fmt.Fprintf(&b, " [%s %s v%d %q %q]", i.Task, i.State, i.Template, i.Message, i.Waiting)
	}
	if j.Rollout != nil {
		fmt.Fprintf(&b, " rollout %+v", *j.Rollout)
	}
	for _, l := range j.Leaving {
		fmt.Fprintf(&b, " leaving %s %s", l.Task, l.State)
	}
	return b.String()
}

func healthy(n int) func(*reeveapi.Job) bool {
	return func(j *reeveapi.Job) bool {
		return j.Health == reeveapi.HealthGood && j.Healthy == n && len(j.Instances) == n && len(j.Leaving) == 0
	}
}

func (r *rig) must(args ...string) string {
	r.t.Helper()
	got := r.reeve(args...)
	if got.code != 0 {
		r.t.Fatalf("reeve %s: exit status %d: %s", strings.Join(args, " "), got.code, got.stderr)
	}
	return got.stdout
}

func TestAServiceIsKept(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	r.submit(reeveapi.JobSpec{
		Name: "web", Kind: reeveapi.Service, Command: "exec sleep 1000", Instances: 2, Ports: 1,
		Health:  &reeveapi.JobHealth{Command: "test ! -e sick", IntervalSeconds: 0.2, GraceSeconds: 0.1, Failures: 2},
		Restart: &reeveapi.JobRestart{BackoffSeconds: 0.2},
	})
	r.submit(reeveapi.JobSpec{
		Name: "loop", Kind: reeveapi.Service, Command: "exit 3", Restart: &reeveapi.JobRestart{BackoffSeconds: 0.1, MaxBackoffSeconds: 0.4},
	})
	job := r.awaitJob("web", "two healthy instances", healthy(2))
	if got := r.reeve("kill", "--yes", job.Instances[0].Task); got.code != 0 {
		t.Fatalf("kill: %+v", got)
	}
	if job = r.awaitJob("web", "the killed one back", func(j *reeveapi.Job) bool { return healthy(2)(j) && j.Instances[0].Attempt == 1 }); job.Instances[0].Restarts != 1 {
		t.Errorf("got %s, want one restart", describe(job))
	}
	if got := r.reeve("exec", job.Instances[1].Task, "--", "touch", "sick"); got.code != 0 {
		t.Fatalf("make it sick: %+v", got)
	}
	r.awaitJob("web", "the sick one replaced", func(j *reeveapi.Job) bool { return healthy(2)(j) && j.Instances[1].Attempt == 1 })

	r.awaitJob("loop", "a crash loop that is told as one", func(j *reeveapi.Job) bool { return j.Health == reeveapi.HealthCrashing })
	if got := r.must("jobs"); !strings.Contains(got, "crash-looping") || !strings.Contains(got, "healthy") {
		t.Errorf("reeve jobs shows\n%s, want crash-looping and healthy in it", got)
	}
	r.must("scale", "web", "3")
	r.awaitJob("web", "three healthy instances", healthy(3))
	r.must("scale", "web", "1", "--yes")
	r.awaitJob("web", "one healthy instance", healthy(1))
	for _, name := range []string{"web", "loop"} {
		r.must("stop", "--yes", name)
		r.awaitJob(name, "its end", func(j *reeveapi.Job) bool { return j.State == reeveapi.JobStopped })
	}
}

// A job that quota keeps from running says whose quota, and by how much; so does one that must not take from it.
func TestPendingJobsNameWhatStandsInTheWay(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1, "--resources=cpus(dev):1;mem(dev):256;cpus:3;mem:1024;ports:[31000-31099]")
	r.must("quota", "set", "--yes", "dev", "--limit=cpus:1.5")
	r.must("quota", "set", "--yes", "ops", "--guarantee=cpus:2.75,mem:64")
	waits := func(name, text string) {
		t.Helper()
		r.awaitJob(name, "to say "+text, func(j *reeveapi.Job) bool {
			return strings.Contains(j.Instances[0].Waiting, text) && j.State == reeveapi.JobPending
		})
	}
	submit := func(spec reeveapi.JobSpec) {
		t.Helper()
		spec.Command, spec.Resources.Mem = "exec sleep 1000", 32
		r.submit(spec)
	}
	if got := r.reeve("run", "--dry-run", "--name=large", "--role=dev", "--cpus=2", "x"); got.code != 1 || !strings.Contains(got.stderr, "the quota of role dev allows 1.5 cpus") {
		t.Errorf("a dry run of what quota does not allow: %+v", got)
	}
	submit(reeveapi.JobSpec{Name: "large", Role: "dev", Resources: reeveapi.Amounts{CPUs: 2}})
	waits("large", "the quota of role dev allows 1.5 cpus, 1 are taken, 2 more asked")
	submit(reeveapi.JobSpec{Name: "other", Role: "qa", Resources: reeveapi.Amounts{CPUs: 0.5}})
	waits("other", "of 3 cpus free in the cluster 2.75 are kept for what other roles are guaranteed, 0.5 asked")
	submit(reeveapi.JobSpec{Name: "reserved", Role: "dev", Reserved: reeveapi.ReservedOnly, Resources: reeveapi.Amounts{CPUs: 1}})
	r.awaitJob("reserved", "to run", func(j *reeveapi.Job) bool { return j.Instances[0].State == "TASK_RUNNING" })
	submit(reeveapi.JobSpec{Name: "more", Role: "dev", Reserved: reeveapi.ReservedOnly, Resources: reeveapi.Amounts{CPUs: 0.1}})
	waits("more", "0 cpus reserved to role dev left, 0.1 asked")
	submit(reeveapi.JobSpec{Name: "elsewhere", Role: "dev", Resources: reeveapi.Amounts{CPUs: 0.1}, Constraints: []reeveapi.Constraint{
		{Attribute: "role", Operator: reeveapi.MustEqual, Value: "dev"}, {Attribute: "role", Operator: reeveapi.MustDiffer, Value: "*"},
	}})
	waits("elsewhere", "role * has something there, which is excluded")
}

// Of agents that would do, those that have the image come first: also the one with the least to spare, which nothing else
// speaks for.
func TestImagesAreWhereTheyAre(t *testing.T) {
	t.Parallel()
	needRoot(t)
	registry := imagetest.Serve(t, nil)
	name := registry.Push(t, "team/web:1", imagetest.Build(t, v1.Config{}, imagetest.Busybox(t)))
	r := start(t, 1, 2)
	r.submit(reeveapi.JobSpec{
		Name: "first", Kind: reeveapi.Service, Command: "exec sleep 1000", Image: name, Resources: reeveapi.Amounts{CPUs: 2, Mem: 1024},
		Constraints: []reeveapi.Constraint{{Attribute: "hostname", Operator: reeveapi.MustEqual, Value: "a2.localhost"}},
	})
	has := r.awaitJob("first", "to run", healthy(1)).Instances[0].Agent
	next := reeveapi.JobSpec{Name: "next", Command: "true", Image: name, Placement: reeveapi.PlaceSpread, Resources: reeveapi.Amounts{CPUs: 0.1, Mem: 32}}
	r.awaitJob("first", "a plan that knows of the image", func(*reeveapi.Job) bool { // agents say what they have every few seconds
		plan, err := r.client.PlanJob(t.Context(), next)
		return err == nil && slices.ContainsFunc(plan.Agents, func(a reeveapi.PlanAgent) bool { return a.ID == has && a.Takes == 1 })
	})
	r.submit(next)
	went := r.awaitJob("next", "its end", func(j *reeveapi.Job) bool { return j.State == reeveapi.JobFinished })
	if went.Instances[0].Agent != has {
		t.Errorf("%s: want it on %s, which has the image", describe(went), has)
	}
}

// samples notes how often an instance had more than one running task, and the fewest that ran at once.
type samples struct {
	fewest, most int
}

func (s *samples) take(tasks []reeveapi.Task) {
	n := 0
	for _, t := range tasks {
		if t.State == "TASK_RUNNING" {
			n++
		}
	}
	s.fewest, s.most = min(s.fewest, n), max(s.most, n)
}

// A rolling update goes on although its leader is killed half-way: never fewer instances than wanted, nothing twice. One that
// fails goes back by itself, and leaves what ran alone.
func TestARollingUpdateOutlivesItsLeader(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r := start(t, 3, 2)
	spec := reeveapi.JobSpec{
		Name: "web", Kind: reeveapi.Service, Command: "exec sleep 1001", Instances: 3, Resources: reeveapi.Amounts{CPUs: 0.1, Mem: 32},
		Update: &reeveapi.JobUpdate{MaxSurge: 1, HealthySeconds: 0.5},
	}
	r.submit(spec)
	first := r.awaitJob("web", "three healthy instances", healthy(3))
	spec.Command = "exec sleep 1002"
	if _, err := r.client.UpdateJob(t.Context(), spec, first.Version+1); err == nil {
		t.Error("an update of a version that nobody has seen was taken")
	}
	if _, err := r.client.UpdateJob(t.Context(), spec, first.Version); err != nil {
		t.Fatal(err)
	}
	r.awaitJob("web", "the first new instance", func(j *reeveapi.Job) bool {
		return slices.ContainsFunc(j.Instances, func(i reeveapi.Instance) bool { return i.Template == 2 && i.State == "TASK_RUNNING" })
	})
	r.killLeader()
	seen := samples{fewest: 99}
	second := r.awaitJob("web", "the update done", func(j *reeveapi.Job) bool {
		if tasks, err := r.client.Tasks(t.Context()); err == nil && len(tasks) >= 3 { // a new leader learns of them one by one
			seen.take(tasks)
		}
		return healthy(3)(j) && j.Rollout.State == reeveapi.RolloutDone
	})
	if seen.most > 4 {
		t.Errorf("%d instances ran at once, want at most 4", seen.most)
	}
	for _, i := range second.Instances {
		if i.Template != 2 || i.Attempt != 1 || i.Restarts != 0 {
			t.Errorf("got %s, want every instance replaced once", describe(second))
		}
	}

	spec.Command = "exit 9"
	if _, err := r.client.UpdateJob(t.Context(), spec, second.Version); err != nil {
		t.Fatal(err)
	}
	third := r.awaitJob("web", "the update rolled back", func(j *reeveapi.Job) bool {
		return j.Version == 4 && healthy(3)(j) && j.Rollout.State == reeveapi.RolloutDone
	})
	for n, i := range third.Instances {
		if i.Task != second.Instances[n].Task || i.Since != second.Instances[n].Since {
			t.Errorf("instance %d is %s since %s, before it was %s since %s", n, i.Task, i.Since, second.Instances[n].Task, second.Instances[n].Since)
		}
	}
	if got := r.must("jobs", "history", "web"); !strings.Contains(got, "rolled back from version 3: 1 new instances failed, at most 0 may: Command exited with status 9") {
		t.Errorf("reeve jobs history shows\n%s", got)
	}
	r.must("rollback", "web", "--to=1", "--yes")
	last := r.awaitJob("web", "the first version again", func(j *reeveapi.Job) bool {
		return healthy(3)(j) && j.Version == 5 && j.Rollout.State == reeveapi.RolloutDone
	})
	if last.Spec.Command != "exec sleep 1001" || last.Template != 1 {
		t.Errorf("got %s", describe(last))
	}
}

// TestExamples runs every file in shared/docs/examples.
func TestExamples(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 2, "--attributes=rack:a")
	files, err := filepath.Glob("../docs/examples/*.yaml")
	if err != nil || len(files) != 3 {
		t.Fatalf("found %v, %v: this test knows three", files, err)
	}
	file := func(name string) string { return filepath.Join("../docs/examples", name) }

	r.must("run", "-f", file("backup.yaml"))
	r.must("trigger", "backup")
	backup := r.awaitJob("backup", "a finished run", func(j *reeveapi.Job) bool {
		return j.State == reeveapi.JobScheduled && len(j.Runs) == 1 && j.Runs[0].State == reeveapi.JobFinished
	})
	if hour := backup.NextRun.UTC().Hour(); hour != 2 && hour != 3 {
		t.Errorf("its next run is at %s, want four in the morning in Berlin", backup.NextRun)
	}
	if got := r.must("jobs", "history", "backup"); !strings.Contains(got, "finished") {
		t.Errorf("reeve jobs history shows\n%s", got)
	}

	if got := r.must("run", "-f", file("database.yaml"), "--dry-run"); !strings.Contains(got, "2 of the 2 instances that need a place have one now") {
		t.Errorf("dry run: %s", got)
	}
	r.must("run", "-f", file("database.yaml"))
	database := r.awaitJob("database", "two instances", healthy(2))
	if database.Instances[0].Agent == database.Instances[1].Agent || database.Instances[0].Ports[0] != 31050 {
		t.Errorf("got %s, want two agents, and port 31050", describe(database))
	}
	if got := r.reeve("run", "-f", file("web.yaml"), "--dry-run"); got.code == 0 || !strings.Contains(got.stdout, "job database is there, which is to be avoided") {
		t.Errorf("dry run of web beside the database: %+v, want it refused", got)
	}
	r.must("scale", "database", "3")
	r.awaitJob("database", "one that waits, and says why", func(j *reeveapi.Job) bool {
		return len(j.Instances) == 3 && strings.Contains(j.Instances[2].Waiting, "of 2 agents") && strings.Contains(j.Instances[2].Waiting, "port 31050 is taken")
	})
	r.must("stop", "--yes", "database")

	r.must("deactivate", "a2.localhost") // the agents of this test share their host's ports
	r.must("run", "-f", file("web.yaml"))
	r.awaitJob("web", "three healthy instances", healthy(3))
	if got := r.reeve("run", "-f", file("web.yaml")); got.stdout != "Submitted job web\n" || got.code != 0 {
		t.Errorf("the same again: %+v", got)
	}
	got := r.reeve("run", "-f", file("web.yaml"), "--env=MOTD=moin")
	if got.code == 0 || !strings.Contains(got.stderr, `- env.MOTD: "hello"`) || !strings.Contains(got.stderr, `+ env.MOTD: "moin"`) {
		t.Errorf("without a terminal an update has to insist on --yes: %+v", got)
	}
	r.must("run", "-f", file("web.yaml"), "--env=MOTD=moin", "--yes")
	web := r.awaitJob("web", "the update done", func(j *reeveapi.Job) bool { return healthy(3)(j) && j.Rollout.State == reeveapi.RolloutDone })
	if written := r.must("config", "job-from-task", web.Instances[0].Task); !strings.Contains(written, "MOTD: moin") || !strings.Contains(written, "kind: service") {
		t.Errorf("job-from-task wrote\n%s", written)
	}
	tasks, err := r.client.Tasks(t.Context())
	if err != nil || !slices.ContainsFunc(tasks, func(x reeveapi.Task) bool { return x.ID == web.Instances[0].Task && x.Ports != "" }) {
		t.Errorf("the tasks have no ports: %v %s", err, summary(tasks))
	}
	r.must("stop", "--yes", "web")
}

// A service's instance runs elsewhere before the one on a draining agent ends.
func TestADrainMovesServicesFirst(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 2)
	r.submit(reeveapi.JobSpec{
		Name: "web", Kind: reeveapi.Service, Command: "exec sleep 1000", Instances: 2, Placement: reeveapi.PlacePack,
		Update: &reeveapi.JobUpdate{HealthySeconds: 0.3},
	})
	before := r.awaitJob("web", "two healthy instances", healthy(2))
	drained := before.Instances[0].Agent
	if got := r.reeve("drain", "--yes", drained); got.code != 0 {
		t.Fatalf("drain: %+v", got)
	}
	after := r.awaitJob("web", "both elsewhere", func(j *reeveapi.Job) bool {
		return healthy(2)(j) && j.Instances[0].Agent != drained && j.Instances[1].Agent != drained
	})
	tasks := r.await("the end of those that moved", func(ts []reeveapi.Task) bool {
		n := 0
		for _, x := range ts {
			if !x.Ended.IsZero() {
				n++
			}
		}
		return n >= 1
	})
	byID := map[string]reeveapi.Task{}
	for _, x := range tasks {
		byID[x.ID] = x
	}
	old, next := byID[before.Instances[0].Task], byID[after.Instances[0].Task]
	if old.ID == next.ID || old.Ended.Before(after.Instances[0].Since) {
		t.Errorf("%s ended at %s, and %s was well at %s: want the one after the other", old.ID, old.Ended, next.ID, after.Instances[0].Since)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := r.Poll(ctx, func(ctx context.Context) (bool, string) {
		agents, err := r.client.Agents(ctx)
		return err == nil && slices.ContainsFunc(agents, func(a reeveapi.Agent) bool { return a.ID == drained && a.Drain != nil && a.Drain.Drained }), "the agent to be drained"
	})
	if err != nil {
		t.Error(err)
	}
}
