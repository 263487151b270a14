package cluster

import (
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/datadriven"

	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// longAgo is when the last of what tests have agents remember ended, before any term.
var longAgo = time.Unix(1000, 0)

// history reads what an agent remembers: lines "framework FW NAME [over]", and "FW TASK STATE SECOND", which is when it ended.
func (p *player) history(d *datadriven.TestData) Input {
	h := &agentlink.History{}
	conn := ConnID(number(d, "conn"))
	for line := range strings.Lines(d.Input) {
		f := strings.Fields(line)
		if f[0] == "framework" {
			info := frameworkInfo(f[2], "")
			info.Id = message.FrameworkID(ids.Framework(f[1]))
			h.Frameworks = append(h.Frameworks, &agentlink.PastFramework{Info: info, Ended: len(f) > 3})
			continue
		}
		second, err := strconv.Atoi(f[3])
		if err != nil {
			d.Fatalf(p.t, "%v", err)
		}
		h.Tasks = append(h.Tasks, rememberedTask(f[:3], p.s.conns[conn], float64(second)))
	}
	return AgentHistory{Conn: conn, History: h}
}

func rememberedTask(f []string, on ids.Agent, second float64) *agentlink.Task {
	t := reportedTask(f, on)
	t.Task.StatusUpdateUuid = uuid(f[1])
	t.Task.Statuses = []*mesosv1.TaskStatus{{TaskId: t.Task.TaskId, State: t.Task.State, Timestamp: &second, Uuid: t.Task.StatusUpdateUuid}}
	return t
}

// history is what an agent remembers: of frameworks that live, that ended, and that nobody has heard of.
func (c *chaos) history() Input {
	h := &agentlink.History{}
	for range c.draw(4) {
		id := c.anyTask()
		info := frameworkInfo("past", "")
		info.Id = message.FrameworkID(id.Framework)
		h.Frameworks = append(h.Frameworks, &agentlink.PastFramework{Info: info, Ended: c.draw(4) == 0})
		second := float64(c.draw(100))
		h.Tasks = append(h.Tasks, rememberedTask([]string{string(id.Framework), id.ID, "FINISHED"}, "", second))
	}
	return AgentHistory{Conn: c.anyConn(), History: h}
}
