package overview

import (
	"time"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// keeps shows what of an agent is set aside: reservations, volumes, and when its machine is to be taken down.
func keeps(out *reeveapi.Agent, a *cluster.Agent) {
	for _, role := range a.Total.Reservations() {
		if out.Reserved == nil {
			out.Reserved = map[string]reeveapi.Amounts{}
		}
		out.Reserved[role] = Amounts(a.Total.ReservedTo(role))
	}
	for _, v := range a.Total.PersistentVolumes().Proto() {
		role := ""
		if n := len(v.GetReservations()); n > 0 {
			role = v.GetReservations()[n-1].GetRole()
		}
		out.Volumes = append(out.Volumes, reeveapi.Volume{
			ID: v.GetDisk().GetPersistence().GetId(), Role: role, Disk: v.GetScalar().GetValue(),
			Path: v.GetDisk().GetVolume().GetContainerPath(), Shared: v.Shared != nil,
		})
	}
	if u := a.Unavailable; u != nil {
		out.Maintenance = &reeveapi.Unavailability{Start: time.Unix(0, u.GetStart().GetNanoseconds()).UTC()}
		if u.Duration != nil {
			end := out.Maintenance.Start.Add(time.Duration(u.GetDuration().GetNanoseconds()))
			out.Maintenance.End = &end
		}
	}
}
