package e2e

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/localcluster"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// A framework holds all that there is: a dry run does not say that a job fits, the job says who it waits for, and it runs once the
// framework gives back what it holds.
func TestWhatAFrameworkHoldsIsNotFree(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	holder := r.tenant()
	holder.until("an offer", func() bool { return len(holder.offers) > 0 })
	held := "are on offer to framework tenant (for "
	file := write(t, "name: waits\ninstances: 2\ncommand: 'true'\nresources: {cpus: 0.1, mem: 32}\n")
	var plan reeveapi.JobPlan
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := r.Poll(ctx, func(context.Context) (bool, string) {
		got := r.reeve("run", "-f", file, "--dry-run", "-o", "json")
		if err := json.Unmarshal([]byte(got.stdout), &plan); err != nil {
			return false, err.Error() + ": " + got.stderr
		}
		return got.code == 1 && strings.Contains(got.stderr, "2 of them for what framework tenant has on offer") && plan.Later == 2, got.stderr
	})
	if err != nil {
		t.Fatal(err)
	}
	if plan.Fits != 0 || plan.Wanted != 2 || !strings.HasPrefix(plan.Waits, "0 of 2 fit now: ") || !strings.Contains(plan.Waits, held) ||
		len(plan.Holders) != 1 || plan.Holders[0].Framework != holder.info.GetId().GetValue() || !plan.Holders[0].Until.IsZero() {
		t.Errorf("the plan: %+v", plan)
	}
	if got := r.reeve("run", "-f", file, "--dry-run"); !strings.Contains(got.stdout, held) {
		t.Errorf("a dry run does not say who holds what: %+v", got)
	}

	r.must("run", "-f", file)
	r.awaitJob("waits", "word of who holds what", func(j *reeveapi.Job) bool {
		return strings.Contains(j.Waiting, "are on offer to framework tenant (since ") && strings.Contains(j.Instances[1].Waiting, "framework tenant")
	})
	if got := r.must("explain", "waits"); !strings.Contains(got, "on offer to framework tenant, not answered yet") {
		t.Errorf("explain says\n%s", got)
	}
	holder.send(&scheduler.Call{Type: scheduler.Call_DECLINE.Enum(), Decline: &scheduler.Call_Decline{
		OfferIds: []*mesosv1.OfferID{holder.offers[0].Id}, Filters: &mesosv1.Filters{RefuseSeconds: new(3600.0)},
	}})
	r.awaitJob("waits", "its end, once the offer is declined", func(j *reeveapi.Job) bool { return j.State == reeveapi.JobFinished })
}

// With --offer-timeout nobody has to do anything: what is held too long goes to those who wait.
func TestHeldOffersTimeOut(t *testing.T) {
	t.Parallel()
	r := startWith(t, localcluster.Options{Bin: bin(t), Masters: 1, Agents: 1, MasterArgs: []string{"--offer-timeout=8s"}})
	holder := r.tenant()
	holder.until("an offer", func() bool { return len(holder.offers) > 0 })
	if offers, err := r.client.Offers(t.Context()); err != nil || len(offers) == 1 && offers[0].Until.Sub(offers[0].Made).Seconds() != 8 {
		t.Errorf("the offers: %+v, %v", offers, err)
	}
	r.must("run", "-f", write(t, "name: waits\ncommand: 'true'\nresources: {cpus: 0.1, mem: 32}\n"))
	r.awaitJob("waits", "its end, once the offer has timed out", func(j *reeveapi.Job) bool { return j.State == reeveapi.JobFinished })
	holder.until("RESCIND", func() bool { return len(holder.offers) == 0 })
}
