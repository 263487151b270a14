package allocator

import (
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/operation"
	"codeberg.org/reeve/reeve/shared/resources"
)

// sharedVolume is a volume of role r that several tasks may have.
func sharedVolume(t *testing.T) resources.Resources {
	t.Helper()
	volume, err := resources.FromProto([]*mesosv1.Resource{{
		Name: new("disk"), Type: mesosv1.Value_SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: new(64.0)}, Shared: &mesosv1.Resource_SharedInfo{},
		Reservations: []*mesosv1.Resource_ReservationInfo{{Type: mesosv1.Resource_ReservationInfo_DYNAMIC.Enum(), Role: new("r")}},
		Disk: &mesosv1.Resource_DiskInfo{
			Persistence: &mesosv1.Resource_DiskInfo_Persistence{Id: new("v")},
			Volume:      &mesosv1.Volume{ContainerPath: new("data"), Mode: mesosv1.Volume_RW.Enum()},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return volume
}

// What is shared is offered with whatever else there is, however many have it, but never alone, and to nobody who does not
// know what it is; it is in no one's account.
func TestSharedIsOfferedWhileItIsInUse(t *testing.T) {
	a, now := newTest(1), time.Unix(1000, 0)
	volume := sharedVolume(t)
	total := resources.MustParse("cpus:3;mem:1536").Plus(volume)
	a.AddFramework("f", []string{"r"}, nil, Capabilities{Shared: true})
	a.AddAgent("s", total, nil)
	first := drain(a, now)
	if len(first) != 1 || !first[0].Resources.Unallocate().Equal(total) {
		t.Fatalf("offers = %v, want all of it", first)
	}
	if again := drain(a, now); len(again) != 0 {
		t.Fatalf("the volume is offered alone: %v", again)
	}
	third := resources.MustParse("cpus:1;mem:512")
	for range 2 { // two tasks end, which had it
		a.Recover("f", "s", third.Plus(volume).Allocate("r"), nil)
		got := drain(a, now)
		if len(got) != 1 || !got[0].Resources.Unallocate().Equal(third.Plus(volume)) {
			t.Fatalf("offers = %v, want the rest with the volume", got)
		}
	}
	a.Recover("f", "s", third.Plus(volume).Allocate("r"), &Filter{Until: now.Add(time.Hour)})
	if got := drain(a, now); len(got) != 0 {
		t.Errorf("what was refused is offered: %v", got)
	}
	a.AddFramework("g", []string{"r"}, nil, Capabilities{})
	if got := drain(a, now); len(got) != 1 || got[0].Framework != "g" || !got[0].Resources.Unallocate().Equal(third) {
		t.Errorf("one that does not know it is offered %v, want the rest without the volume", got)
	}
	disk := volume.Allocate("r")
	plain, err := resources.FromProto([]*mesosv1.Resource{{
		Name: new("disk"), Type: mesosv1.Value_SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: new(64.0)},
		Reservations: []*mesosv1.Resource_ReservationInfo{{Type: mesosv1.Resource_ReservationInfo_DYNAMIC.Enum(), Role: new("r")}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	after := resources.MustParse("cpus:3;mem:1536").Plus(plain)
	a.Convert("f", "s", operation.Conversion{Consumed: disk, Converted: plain.Allocate("r")}, after)
	a.Recover("f", "s", plain.Plus(resources.MustParse("cpus:2;mem:1024")).Allocate("r"), nil)
	a.Recover("g", "s", third.Allocate("r"), nil)
	if free := a.Free("s"); !free.Equal(after) {
		t.Errorf("in the end %s is free, want %s", free, after)
	}
}
