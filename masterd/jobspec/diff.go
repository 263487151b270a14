package jobspec

import (
	"codeberg.org/reeve/reeve/shared/jobfile"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// SameTask says whether tasks of one completed spec are as good as those of the other: whatever else differs can be
// changed while they run.
func SameTask(a, b reeveapi.JobSpec) bool {
	for _, s := range []*reeveapi.JobSpec{&a, &b} {
		s.Instances, s.Retries, s.Placement, s.DeadlineSeconds = 0, 0, "", 0
		s.Restart, s.Update, s.Schedule, s.ReplaceUnreachableSeconds = nil, nil, nil, nil
	}
	return len(jobfile.Diff(a, b)) == 0
}
