package jobspec

import (
	"cmp"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

const (
	defaultCPUs  = 0.1
	defaultMem   = 32
	defaultGrace = 3 // seconds
)

// Complete fills in what an operator may leave out. It changes nothing that spec points to.
func Complete(spec reeveapi.JobSpec) reeveapi.JobSpec {
	spec.Kind = cmp.Or(spec.Kind, reeveapi.Batch)
	spec.Role = cmp.Or(spec.Role, "*")
	spec.Instances = cmp.Or(spec.Instances, 1)
	spec.Resources.CPUs = cmp.Or(spec.Resources.CPUs, defaultCPUs)
	spec.Resources.Mem = cmp.Or(spec.Resources.Mem, defaultMem)
	spec.KillGraceSeconds = cmp.Or(spec.KillGraceSeconds, defaultGrace)
	service := spec.Kind == reeveapi.Service
	if spec.Placement == "" {
		spec.Placement = reeveapi.PlacePack
		if service {
			spec.Placement = reeveapi.PlaceSpread
		}
	}
	spec.Restart = completeRestart(spec.Restart, service)
	if spec.Health != nil {
		spec.Health = completeHealth(*spec.Health)
	}
	if spec.Check != nil {
		c := *spec.Check
		c.IntervalSeconds, c.TimeoutSeconds = cmp.Or(c.IntervalSeconds, 10), cmp.Or(c.TimeoutSeconds, 20)
		spec.Check = &c
	}
	if service {
		spec.Update = completeUpdate(spec.Update)
	}
	if spec.Schedule != nil {
		s := *spec.Schedule
		s.TimeZone = cmp.Or(s.TimeZone, "UTC")
		s.Overlap = cmp.Or(s.Overlap, reeveapi.OverlapSkip)
		spec.Schedule = &s
	}
	return spec
}

func completeRestart(given *reeveapi.JobRestart, service bool) *reeveapi.JobRestart {
	var r reeveapi.JobRestart
	if given != nil {
		r = *given
	}
	most := 60.0
	if service {
		most = 300
	}
	r.BackoffSeconds = cmp.Or(r.BackoffSeconds, 1)
	r.MaxBackoffSeconds = cmp.Or(r.MaxBackoffSeconds, max(most, r.BackoffSeconds))
	r.ResetSeconds = cmp.Or(r.ResetSeconds, 60)
	return &r
}

func completeHealth(h reeveapi.JobHealth) *reeveapi.JobHealth {
	h.IntervalSeconds = cmp.Or(h.IntervalSeconds, 10)
	h.TimeoutSeconds = cmp.Or(h.TimeoutSeconds, 20)
	h.GraceSeconds = cmp.Or(h.GraceSeconds, 10)
	h.Failures = cmp.Or(h.Failures, 3)
	return &h
}

func completeUpdate(given *reeveapi.JobUpdate) *reeveapi.JobUpdate {
	var u reeveapi.JobUpdate
	if given != nil {
		u = *given
	}
	if u.MaxUnavailable == 0 {
		u.MaxSurge = cmp.Or(u.MaxSurge, 1)
	}
	u.HealthySeconds = cmp.Or(u.HealthySeconds, 5)
	u.DeadlineSeconds = cmp.Or(u.DeadlineSeconds, 600)
	u.OnFailure = cmp.Or(u.OnFailure, reeveapi.OnFailureRollback)
	return &u
}
