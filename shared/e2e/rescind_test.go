package e2e

import (
	"strings"
	"testing"
)

// TestAnOfferIsTakenBack has a framework hold an offer, which an operator takes back with the command line: the framework is
// told as Mesos tells it, and another framework gets what was in it.
func TestAnOfferIsTakenBack(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	holder := r.tenant()
	holder.until("an offer", func() bool { return len(holder.offers) > 0 })
	held := holder.offers[0].GetId().GetValue()
	if got := r.reeve("offers", "-o", "name"); got.code != 0 || !strings.Contains(got.stdout, held) {
		t.Fatalf("reeve offers: %+v, want %s in it", got, held)
	}
	waiter := r.tenant()
	waiter.until("its subscription", func() bool { return waiter.info.GetId() != nil })

	if got := r.reeve("offers", "rescind", held); got.code != 0 || !strings.Contains(got.stdout, "ook offer "+held+" back") {
		t.Fatalf("reeve offers rescind: %+v", got)
	}
	holder.until("RESCIND of "+held, func() bool { return len(holder.offers) == 0 })
	waiter.until("what was taken back", func() bool { return len(waiter.offers) > 0 })
	if got := waiter.offers[0].GetId().GetValue(); got == held {
		t.Errorf("the same offer %s was made twice", got)
	}

	if got := r.reeve("offers", "rescind", held); got.code == 0 || !strings.Contains(got.stderr, held) {
		t.Errorf("taken back twice: %+v", got)
	}
	if got := r.reeve("events", "-o", "json"); !strings.Contains(got.stdout, "OFFER_RESCINDED") {
		t.Errorf("no event says so: %+v", got)
	}
}
