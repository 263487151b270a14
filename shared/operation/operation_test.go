package operation_test

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/operation"
	"codeberg.org/reeve/reeve/shared/resources"
)

// operationOn draws an operation on one of the parts of what an agent has.
func operationOn(t *rapid.T, total resources.Resources) *mesosv1.Offer_Operation {
	parts := total.Split()
	r := parts[rapid.IntRange(0, len(parts)-1).Draw(t, "part")].Proto()[0]
	volume := r.GetDisk().GetPersistence() != nil
	if r.GetType() == mesosv1.Value_SCALAR && !volume {
		r.Scalar.Value = new(min(r.GetScalar().GetValue(), float64(rapid.IntRange(1, 20).Draw(t, "amount"))))
	}
	list := []*mesosv1.Resource{r}
	kinds := []mesosv1.Offer_Operation_Type{mesosv1.Offer_Operation_RESERVE}
	n := len(r.GetReservations())
	if n > 0 && r.GetReservations()[n-1].GetType() == mesosv1.Resource_ReservationInfo_DYNAMIC {
		kinds = append(kinds, mesosv1.Offer_Operation_UNRESERVE)
	}
	if n > 0 && r.GetName() == "disk" {
		kinds = append(kinds, mesosv1.Offer_Operation_CREATE)
	}
	if volume {
		kinds = []mesosv1.Offer_Operation_Type{mesosv1.Offer_Operation_DESTROY, mesosv1.Offer_Operation_GROW_VOLUME, mesosv1.Offer_Operation_SHRINK_VOLUME}
	}
	kind := rapid.SampledFrom(kinds).Draw(t, "kind")
	op := &mesosv1.Offer_Operation{Type: kind.Enum()}
	switch kind {
	case mesosv1.Offer_Operation_RESERVE:
		role := rapid.SampledFrom([]string{"a", "b", "b/c"}).Draw(t, "role")
		if n > 0 { // a refinement
			role = r.GetReservations()[n-1].GetRole() + "/x"
		}
		r.Reservations = append(r.Reservations, &mesosv1.Resource_ReservationInfo{
			Type: mesosv1.Resource_ReservationInfo_DYNAMIC.Enum(), Role: &role,
		})
		op.Reserve = &mesosv1.Offer_Operation_Reserve{Resources: list}
	case mesosv1.Offer_Operation_UNRESERVE:
		op.Unreserve = &mesosv1.Offer_Operation_Unreserve{Resources: list}
	case mesosv1.Offer_Operation_CREATE:
		r.Disk = &mesosv1.Resource_DiskInfo{
			Persistence: &mesosv1.Resource_DiskInfo_Persistence{Id: new(rapid.StringMatching("[a-z]{4}").Draw(t, "id"))},
			Volume:      &mesosv1.Volume{ContainerPath: new("p"), Mode: mesosv1.Volume_RW.Enum()},
		}
		if rapid.Bool().Draw(t, "shared") {
			r.Shared = &mesosv1.Resource_SharedInfo{}
		}
		op.Create = &mesosv1.Offer_Operation_Create{Volumes: list}
	case mesosv1.Offer_Operation_DESTROY:
		op.Destroy = &mesosv1.Offer_Operation_Destroy{Volumes: list}
	case mesosv1.Offer_Operation_GROW_VOLUME:
		addition := proto.CloneOf(r)
		addition.Disk, addition.Shared = nil, nil
		addition.Scalar.Value = new(float64(rapid.IntRange(1, 5).Draw(t, "more")))
		op.GrowVolume = &mesosv1.Offer_Operation_GrowVolume{Volume: r, Addition: addition}
	default:
		less := float64(rapid.IntRange(1, 5).Draw(t, "less"))
		if less >= r.GetScalar().GetValue() {
			less = r.GetScalar().GetValue() / 2
		}
		op.ShrinkVolume = &mesosv1.Offer_Operation_ShrinkVolume{Volume: r, Subtract: &mesosv1.Value_Scalar{Value: &less}}
	}
	return op
}

// TestConversionsConserve: whatever operations are carried out in whatever order, what the agent was given is what there is,
// and the part that they have made stands for what it was made of.
func TestConversionsConserve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		given := resources.MustParse("cpus:8;mem(a):64;disk:100;disk(a):50;ports:[1-9]")
		total := given
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			op := operationOn(t, total)
			done, err := operation.Of(op)
			if err != nil {
				t.Fatalf("%v: %v", op, err)
			}
			if !operation.Original(done.Consumed).Equal(operation.Original(done.Converted)) {
				t.Fatalf("%s turns %s into %s", op.GetType(), done.Consumed, done.Converted)
			}
			next, ok := done.Apply(total)
			if !ok {
				continue
			}
			total = next
			if got := operation.Original(total); !got.Equal(given) {
				t.Fatalf("after %s of %s: %s, made of %s, was given %s", op.GetType(), done.Consumed, total, got, given)
			}
			made := operation.Changed(total)
			if got := given.Minus(operation.Original(made)).Plus(made); !got.Equal(total) {
				t.Fatalf("%s is restored from %s as %s", total, made, got)
			}
		}
	})
}
