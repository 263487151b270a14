// Package progress says in words how far the instances of a job are that are to run to their end: a batch job's, or those of a
// periodic one's run. It is for the command line and the console alike. Start reading at Text.
package progress

import (
	"fmt"
	"strings"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// Text says how many instances are done, and what the others do: "7 of 20 done, 4 running, 1 failed, 8 waiting; 3 earlier attempts
// failed". It is "" for services and between two runs.
func Text(j *reeveapi.Job) string {
	if j.Spec.Kind == reeveapi.Service || j.State == reeveapi.JobScheduled || len(j.Instances) == 0 {
		return ""
	}
	text := fmt.Sprintf("%d of %d done", finished(j), max(j.Spec.Instances, len(j.Instances)))
	if rest := Rest(j); rest != "" {
		text += ", " + rest
	}
	if n := again(j); n == 1 {
		text += "; 1 earlier attempt failed"
	} else if n > 1 {
		text += fmt.Sprintf("; %d earlier attempts failed", n)
	}
	return text
}

// Rest says what the instances do that are not done, "" if all are: "4 running, 1 failed, 8 waiting".
func Rest(j *reeveapi.Job) string {
	order := []string{"running", "starting", "unreachable", "failed", "killed", "waiting", "not run"}
	counts := map[string]int{}
	for i := range j.Instances {
		counts[doing(j, &j.Instances[i])]++
	}
	var parts []string
	for _, word := range order {
		if counts[word] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[word], word))
		}
	}
	return strings.Join(parts, ", ")
}

func finished(j *reeveapi.Job) (n int) {
	for i := range j.Instances {
		if doing(j, &j.Instances[i]) == "done" {
			n++
		}
	}
	return n
}

// doing is what an instance does, in a word.
func doing(j *reeveapi.Job, i *reeveapi.Instance) string {
	switch {
	case i.State == "TASK_FINISHED":
		return "done"
	case i.State == "TASK_RUNNING":
		return "running"
	case i.State == "TASK_UNREACHABLE" || i.State == "TASK_LOST":
		return "unreachable"
	case i.State == "" || i.Waiting != "" && taskstate.TerminalName(i.State):
		if !j.Ended.IsZero() {
			return "not run"
		}
		return "waiting"
	case i.State == "TASK_KILLED":
		return "killed"
	case taskstate.TerminalName(i.State):
		return "failed"
	}
	return "starting"
}

// again counts the attempts that failed and were not the last ones.
func again(j *reeveapi.Job) (n int) {
	for i := range j.Instances {
		one := &j.Instances[i]
		n += one.Failed
		if doing(j, one) == "failed" && one.Failed > 0 {
			n-- // that was the last one
		}
	}
	return n
}
