package fake

import (
	"testing"
	"testing/synctest"
	"time"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/runtime/runtimetest"
)

func TestConformance(t *testing.T) {
	runtimetest.Suite(t, func(t *testing.T) runtimetest.Target {
		t.Helper()
		r := New(nil)
		target := runtimetest.Target{Runtime: r, Sandbox: t.TempDir()}
		target.Restart = func(*testing.T) runtimetest.Target { return target }
		return target
	})
}

func TestScript(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(func(runtime.Spec) Behaviour {
			return Behaviour{LaunchAfter: time.Second, RunFor: time.Minute, OOMKilled: true, WaitStatus: 9, IgnoreTerm: true}
		})
		start := time.Now()
		if _, err := r.Launch(t.Context(), runtime.Spec{ID: "a"}); err != nil {
			t.Fatal(err)
		}
		if err := r.Signal(t.Context(), "a", sigTerm, false); err != nil {
			t.Fatal(err)
		}
		exit, err := r.Wait(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		if got, want := exit.Ended.Sub(start), 61*time.Second; got != want || !exit.OOMKilled {
			t.Errorf("ended after %v (%+v), want %v", got, exit, want)
		}
		if got := r.Signals("a"); len(got) != 1 || got[0] != sigTerm {
			t.Errorf("signals %v, want one SIGTERM", got)
		}
	})
}
