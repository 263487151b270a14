package reading

import (
	"cmp"
	"maps"
	"slices"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/maintenance"
	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/allocator"
	wire "codeberg.org/reeve/reeve/shared/mesosv1/maintenance"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// GetMaintenanceSchedule answers GET_MAINTENANCE_SCHEDULE.
func GetMaintenanceSchedule(v *cluster.View) *master.Response {
	return &master.Response{
		Type:                   master.Response_GET_MAINTENANCE_SCHEDULE.Enum(),
		GetMaintenanceSchedule: &master.Response_GetMaintenanceSchedule{Schedule: v.Maintenance.Proto()},
	}
}

// GetMaintenanceStatus answers GET_MAINTENANCE_STATUS.
func GetMaintenanceStatus(v *cluster.View) *master.Response {
	return &master.Response{
		Type:                 master.Response_GET_MAINTENANCE_STATUS.Enum(),
		GetMaintenanceStatus: &master.Response_GetMaintenanceStatus{Status: MaintenanceStatus(v)},
	}
}

// MaintenanceStatus is the machines that drain, with what frameworks have answered, and those that are down.
func MaintenanceStatus(v *cluster.View) *wire.ClusterStatus {
	status := &wire.ClusterStatus{}
	answers := answersByMachine(v)
	for m, entry := range ordered(v.Maintenance) {
		if entry.Mode == maintenance.Down {
			status.DownMachines = append(status.DownMachines, m.Proto())
			continue
		}
		draining := &wire.ClusterStatus_DrainingMachine{Id: m.Proto()}
		for _, one := range answers[m.Key()] {
			said := allocator.InverseOfferStatus_DECLINE
			if one.Accepted {
				said = allocator.InverseOfferStatus_ACCEPT
			}
			draining.Statuses = append(draining.Statuses, &allocator.InverseOfferStatus{
				Status: said.Enum(), FrameworkId: message.FrameworkID(one.key.Framework), Timestamp: message.Time(one.At),
			})
		}
		status.DrainingMachines = append(status.DrainingMachines, draining)
	}
	return status
}

// ordered goes through the machines of a schedule in its order.
func ordered(s maintenance.State) func(func(maintenance.Machine, maintenance.Entry) bool) {
	index := s.Index()
	return func(yield func(maintenance.Machine, maintenance.Entry) bool) {
		for _, w := range s.Windows {
			for _, m := range w.Machines {
				if !yield(m, index[m.Key()]) {
					return
				}
			}
		}
	}
}

// answered is what a framework answered about an agent.
type answered struct {
	view.Answer
	key view.AnswerKey
}

func answersByMachine(v *cluster.View) map[maintenance.Machine][]answered {
	by := map[maintenance.Machine][]answered{}
	keys := slices.SortedFunc(maps.Keys(v.Answers), func(a, b view.AnswerKey) int {
		return cmp.Or(cmp.Compare(a.Agent, b.Agent), cmp.Compare(a.Framework, b.Framework))
	})
	for _, key := range keys {
		if a := v.Agents[key.Agent]; a != nil {
			m := machineOf(a).Key()
			by[m] = append(by[m], answered{v.Answers[key], key})
		}
	}
	return by
}

func machineOf(a *cluster.Agent) maintenance.Machine {
	ip, _ := view.SplitPlace(a.HTTP)
	return maintenance.Machine{Hostname: a.Info.GetHostname(), IP: ip}
}

// inverseOffers lists what each framework has been asked and has not answered.
func (x *index) inverseOffers(f *cluster.Framework) []*mesosv1.InverseOffer {
	var list []*mesosv1.InverseOffer
	for _, id := range slices.Sorted(maps.Keys(x.view.InverseOffers)) {
		if o := x.view.InverseOffers[id]; o.Framework == f.ID && x.view.Agents[o.Agent] != nil {
			a := x.view.Agents[o.Agent]
			list = append(list, o.Proto(a.Info, a.HTTP))
		}
	}
	return list
}

// Maintenance is the schedule as Reeve's own API tells it, soonest window first.
func Maintenance(v *cluster.View) reeveapi.Maintenance {
	agents := map[maintenance.Machine][]*cluster.Agent{}
	for _, a := range v.Agents {
		if a.Registered.IsZero() || a.State == cluster.AgentGone {
			continue
		}
		agents[machineOf(a).Key()] = append(agents[machineOf(a).Key()], a)
	}
	index, answers := v.Maintenance.Index(), answersByMachine(v)
	all := reeveapi.Maintenance{Windows: []reeveapi.MaintenanceWindow{}}
	for _, w := range v.Maintenance.Windows {
		window := reeveapi.MaintenanceWindow{Start: w.Start}
		if w.Duration != nil {
			end := w.Start.Add(*w.Duration)
			window.End = &end
		}
		for _, m := range w.Machines {
			one := reeveapi.MaintenanceMachine{Hostname: m.Hostname, IP: m.IP, State: reeveapi.MachineDraining, Agents: []string{}}
			if index[m.Key()].Mode == maintenance.Down {
				one.State = reeveapi.MachineDown
			}
			for _, a := range agents[m.Key()] {
				one.Agents = append(one.Agents, string(a.ID))
				one.Tasks += a.Tasks
			}
			slices.Sort(one.Agents)
			for _, said := range answers[m.Key()] {
				one.Answers = append(one.Answers, reeveapi.MaintenanceAnswer{
					Framework: string(said.key.Framework), Accepted: said.Accepted, At: said.At,
				})
			}
			window.Machines = append(window.Machines, one)
		}
		all.Windows = append(all.Windows, window)
	}
	slices.SortStableFunc(all.Windows, func(a, b reeveapi.MaintenanceWindow) int { return a.Start.Compare(b.Start) })
	return all
}
