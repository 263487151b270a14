package submit

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

func TestSize(t *testing.T) {
	for text, want := range map[string]float64{"64": 64, "64M": 64, "2G": 2048, "2GiB": 2048, "2 g": -1, "1.5g": 1536, "1T": 1 << 20, "512K": 0.5, "0": 0, "": -1, "x": -1, "-1": -1, "NaN": -1, "Inf": -1} {
		got, err := size(text)
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("size(%q) = %g (%v), want %g", text, got, err, want)
		}
	}
}

func TestEnvironment(t *testing.T) {
	got, err := environment(`A=1  B="two words" C='it"s' D= E=x=y`)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"A": "1", "B": "two words", "C": `it"s`, "D": "", "E": "x=y"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for text, want := range map[string]string{"A": `"A" is not KEY=value`, "=1": `"=1" is not KEY=value`, "A='x": "a ' is not closed"} {
		if _, err := environment(text); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// TestPairsComeBack: what a job has is what one reads of the field that shows it.
func TestPairsComeBack(t *testing.T) {
	for _, want := range []map[string]string{{"A": "1", "B": "it's 'two' words", "C": "'"}, {"a b": "", "D": `x"y`, "E": `\`, "F": "a=b"}} {
		if got, err := environment(pairs(want)); err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("%s is read as %v (%v), want %v", pairs(want), got, err, want)
		}
	}
}

func TestLabels(t *testing.T) {
	was := map[string]string{"a=b": "c"}
	if got := labels(pairs(was), was); cmp.Diff(was, got) != "" {
		t.Errorf("untouched labels became %v, want %v", got, was)
	}
	if got := labels("", was); got != nil {
		t.Errorf("got %v of an emptied field, want none", got)
	}
	for text, want := range map[string]string{"team=shop tier='front end'": "", "team": `"team" is not KEY=value`, "reeve.job=x": `"reeve.job" may not begin with "reeve.", which is kept for Reeve`} {
		if got := checkLabels(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// TestCloneOfAJobsTask: labels that Reeve gave a task are not asked for, as the master refuses them.
func TestCloneOfAJobsTask(t *testing.T) {
	task := &reeveapi.Task{Name: "x", Labels: map[string]string{"reeve.job": "x", "team": "shop"}}
	if got := specOf(task).Labels; cmp.Diff(map[string]string{"team": "shop"}, got) != "" {
		t.Errorf("got labels %v, want those of the operator alone", got)
	}
	if len(task.Labels) != 2 {
		t.Errorf("the task has %v left, want it untouched", task.Labels)
	}
}

// TestOldDraft: a form that was kept before there was a field for labels has them in its file.
func TestOldDraft(t *testing.T) {
	s := &Screen{}
	s.newForm()
	s.restore(map[string]string{"command": "y", "gpus": "1", fileField: "name: \"\"\ncommand: x\nlabels: {team: shop}\nresources: {cpus: 1, mem: 64, disk: 1, gpus: 2}\n"})
	if got := s.spec(); got.Labels["team"] != "shop" || got.Command != "y" || got.Resources.GPUs != 1 {
		t.Errorf("got %+v, want the file's labels and the fields' command and gpus", got)
	}
}

func FuzzCut(f *testing.F) {
	f.Add(`A=1 B="x y" 'z`)
	f.Fuzz(func(t *testing.T, text string) {
		if words, err := cut(text); err == nil && len(words) > len(text) {
			t.Errorf("%d words in %q", len(words), text)
		}
	})
}

// TestWhatTheFormDoesNotShowStays: changing a job by the form loses nothing that the form has no field for.
func TestWhatTheFormDoesNotShowStays(t *testing.T) {
	base := reeveapi.JobSpec{
		Name: "j", Command: "x", Resources: reeveapi.Amounts{CPUs: 1, GPUs: 2}, Labels: map[string]string{"a": "b"}, Secrets: []reeveapi.JobSecret{{Name: "db", Env: "DB"}},
		Container: &reeveapi.JobContainer{Network: "none"},
	}
	got := merged(base, reeveapi.JobSpec{Name: "j", Command: "y", Resources: reeveapi.Amounts{CPUs: 3, GPUs: 1}})
	if got.Command != "y" || got.Resources.CPUs != 3 || got.Resources.GPUs != 1 || len(got.Labels) != 0 || len(got.Secrets) != 1 || got.Container == nil {
		t.Errorf("got %+v", got)
	}
}
