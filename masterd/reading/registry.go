package reading

import (
	"cmp"
	"slices"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/shared/mesosjson"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// Registry is the document of /registrar(1)/registry: what survives every master, in the form of Mesos's Registry (spec 3.15).
func Registry(out *mesosjson.Writer, v *cluster.View, leader *mesosv1.MasterInfo) {
	var admitted, unreachable, gone []*cluster.Agent
	for _, one := range v.Agents {
		switch one.State {
		case cluster.AgentActive, cluster.AgentDisconnected, cluster.AgentRecovered:
			admitted = append(admitted, one)
		case cluster.AgentUnreachable:
			unreachable = append(unreachable, one)
		case cluster.AgentGone:
			gone = append(gone, one)
		}
	}
	out.Open()
	out.Key("master")
	out.Open()
	out.MessageField("info", leader)
	out.Close()
	steered := func(one *cluster.Agent) {
		if one.Drain != nil {
			out.MessageField("drain_info", one.Drain.Proto())
		}
		if one.Deactivated {
			out.BoolField("deactivated", true)
		}
	}
	registryList(out, "slaves", "slaves", admitted, func(one *cluster.Agent) {
		out.MessageField("info", one.Info)
		steered(one)
	})
	named := func(one *cluster.Agent) {
		out.Key("id")
		out.Open()
		out.TextField("value", string(one.ID))
		out.Close()
	}
	registryList(out, "unreachable", "slaves", unreachable, func(one *cluster.Agent) {
		named(one)
		steered(one)
	})
	registryList(out, "gone", "slaves", gone, named)
	out.Close()
}

func registryList(out *mesosjson.Writer, name, inner string, agents []*cluster.Agent, write func(*cluster.Agent)) {
	slices.SortFunc(agents, func(a, b *cluster.Agent) int { return cmp.Compare(a.ID, b.ID) })
	out.Key(name)
	out.Open()
	out.Key(inner)
	out.OpenList()
	for _, one := range agents {
		out.Open()
		write(one)
		out.Close()
	}
	out.CloseList()
	out.Close()
}
