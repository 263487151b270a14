package runtimetest

import (
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
)

// pods: containers that are nested in one that was never launched are bounded together, and each lives and ends by itself.
func (s *suite) pods() {
	pod := ids.Container("pod-1")
	member := func(name string, limits runtime.Limits) runtime.Spec {
		spec := s.spec(string(pod.Nested(name)), "sleep", "1000")
		spec.Limits, spec.Pod = runtime.Limits{MemBytes: 32 << 20}, &limits
		return spec
	}
	first := member("a", runtime.Limits{CPUs: 0.5, MemBytes: 64 << 20})
	second := member("b", runtime.Limits{CPUs: 1, MemBytes: 96 << 20})
	s.launch(first)
	s.launch(second)
	if err := s.Runtime.Resize(s.ctx(), pod, runtime.Limits{CPUs: 1, MemBytes: 80 << 20}); err != nil {
		s.Fatalf("resize the pod: %v", err)
	}
	if err := s.Runtime.Signal(s.ctx(), first.ID, sigKill, true); err != nil {
		s.Fatal(err)
	}
	if exit := s.wait(first.ID); exit.WaitStatus != sigKill {
		s.Errorf("first: %+v, want killed", exit)
	}
	next := s.Restart(s.T)
	found, err := next.Runtime.Recover(s.ctx())
	if err != nil {
		s.Fatal(err)
	}
	if len(found) != 2 || found[0].ID != first.ID || found[0].Exit == nil || found[1].ID != second.ID || found[1].Exit != nil {
		s.Fatalf("recovered %+v, want the first ended and the second running", found)
	}
	if err := next.Runtime.Signal(s.ctx(), second.ID, sigKill, true); err != nil {
		s.Fatal(err)
	}
	if _, err := next.Runtime.Wait(s.ctx(), second.ID); err != nil {
		s.Fatal(err)
	}
	for _, id := range []ids.Container{first.ID, second.ID, pod, pod} {
		if err := next.Runtime.Delete(s.ctx(), id); err != nil {
			s.Errorf("delete %s: %v", id, err)
		}
	}
	if err := next.Runtime.Resize(s.ctx(), pod, runtime.Limits{MemBytes: 64 << 20}); fault.KindOf(err) != fault.NotFound {
		s.Errorf("resize of a pod that is gone: %v, want an error of kind NotFound", err)
	}
}
