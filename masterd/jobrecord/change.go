package jobrecord

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/masterd/jobspec"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/jobfile"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Revised is a version in the making.
type Revised struct {
	Spec     reeveapi.JobSpec
	Template int // of a version that there is, or the new version's number
	Note, By string
	Back     bool // it undoes an update that failed
}

// Update makes a version of a spec, nil if nothing differs. Its error is of kind Invalid, Unsupported or Conflict.
func Update(record *reeveapi.Job, spec reeveapi.JobSpec) (*Revised, error) {
	spec = jobspec.Complete(spec)
	if err := jobspec.Check(spec); err != nil {
		return nil, err
	}
	old := &record.Spec
	switch {
	case spec.Name != old.Name:
		return nil, fault.New(fault.Invalid, "the spec is of job %q, not of %q", spec.Name, old.Name)
	case len(jobfile.Diff(*old, spec)) == 0:
		return nil, nil
	}
	if err := sameNature(old, &spec); err != nil {
		return nil, err
	}
	return &Revised{Spec: spec, Template: templateFor(record, spec), Note: "updated"}, nil
}

// sameNature refuses what cannot be changed while a job runs. Its error is of kind Conflict.
func sameNature(old, spec *reeveapi.JobSpec) error {
	if spec.Kind == old.Kind && spec.Role == old.Role {
		return nil
	}
	return fault.New(fault.Conflict, "job %q is of kind %s in role %s, which cannot be changed to %s in %s; stop it first",
		old.Name, old.Kind, old.Role, spec.Kind, spec.Role)
}

// templateFor finds a version whose tasks are as the spec wants them: the newest first, then the one before.
func templateFor(record *reeveapi.Job, spec reeveapi.JobSpec) int {
	if jobspec.SameTask(record.Spec, spec) {
		return record.Template
	}
	if to := RevisionOf(record, record.Stable); to != nil && jobspec.SameTask(to.Spec, spec) {
		return to.Template
	}
	return record.Version + 1
}

// Scale makes a version with another number of instances, nil if it is the same.
func Scale(record *reeveapi.Job, instances int) (*Revised, error) {
	spec := record.Spec
	switch {
	case spec.Instances == instances:
		return nil, nil
	case instances == 0:
		return nil, fault.New(fault.Invalid, "0 instances asked, it must be at least 1; stop the job instead")
	}
	note := fmt.Sprintf("scaled from %d to %d", spec.Instances, instances)
	spec.Instances = instances
	if err := jobspec.Check(spec); err != nil {
		return nil, err
	}
	return &Revised{Spec: spec, Template: record.Template, Note: note}, nil
}

// Restart makes a version that wants new tasks of the same spec.
func Restart(record *reeveapi.Job) (*Revised, error) {
	if record.Spec.Kind != reeveapi.Service {
		return nil, fault.New(fault.Conflict, "job %q is of kind %s, only services are restarted", record.Spec.Name, record.Spec.Kind)
	}
	return &Revised{Spec: record.Spec, Template: record.Version + 1, Note: "restarted"}, nil
}

// Rollback makes an earlier version the newest one, the one before with to 0. The number of instances stays.
func Rollback(record *reeveapi.Job, to int) (*Revised, error) {
	past := record.History
	var found *reeveapi.Revision
	if to == 0 && len(past) > 1 {
		found = &past[len(past)-2]
	}
	for k := range past {
		if past[k].Version == to {
			found = &past[k]
		}
	}
	switch {
	case found == nil && to == 0:
		return nil, fault.New(fault.NotFound, "job %q has no version before its newest that is remembered, and none to roll back to", record.Spec.Name)
	case found == nil:
		return nil, fault.New(fault.NotFound, "job %q has no version %d that is remembered; roll back to one of %s", record.Spec.Name, to, versions(past))
	}
	if err := sameNature(&record.Spec, &found.Spec); err != nil {
		return nil, err
	}
	spec := found.Spec
	spec.Instances = record.Spec.Instances
	return &Revised{Spec: spec, Template: found.Template, Note: fmt.Sprintf("rolled back to version %d", found.Version)}, nil
}

func versions(all []reeveapi.Revision) string {
	var list []string
	for _, r := range all {
		list = append(list, strconv.Itoa(r.Version))
	}
	return strings.Join(list, ", ")
}

// Revise makes a version the newest one.
func Revise(record *reeveapi.Job, next Revised, now time.Time) {
	record.Version++
	record.Spec, record.Template = next.Spec, next.Template
	record.History = append(record.History, reeveapi.Revision{
		Version: record.Version, Template: next.Template, Spec: next.Spec, At: now, By: next.By, Note: next.Note,
	})
	trimRevisions(record)
}

// RolloutFailure says why the update that is on, which may be late, has failed; "" if it has not.
func RolloutFailure(record *reeveapi.Job, late bool) string {
	r, up := record.Rollout, record.Spec.Update
	if r.Failures > up.MaxFailures {
		why := fmt.Sprintf("%d new instances failed, at most %d may", r.Failures, up.MaxFailures)
		for i := range record.Instances {
			if inst := &record.Instances[i]; inst.Template == record.Template && inst.Failed > 0 && inst.Message != "" {
				return why + ": " + inst.Message
			}
		}
		return why
	}
	if !late {
		return ""
	}
	return fmt.Sprintf("no new instance became well within %v s", up.DeadlineSeconds)
}
