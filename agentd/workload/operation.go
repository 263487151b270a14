package workload

import (
	"time"

	"codeberg.org/reeve/reeve/agentd/message"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// applyOperation converts resources.
func (m *Machine) applyOperation(now time.Time, msg *agentlink.ApplyOperation) {
	effects, send := m.holdings.Carry(now, msg, m.agent.GetId(), m.cfg.NewUUID())
	m.effs = append(m.effs, effects...)
	m.sendOperations(send)
}

// sendOperations tells the master how operations went.
func (m *Machine) sendOperations(list []*mesosv1.Operation) {
	for _, op := range list {
		m.toMaster(message.OperationUpdate(op))
	}
}

func (m *Machine) acknowledgeOperation(ack *agentlink.AcknowledgeOperation) {
	if m.holdings.Acknowledge(ack.GetOperationUuid(), ack.GetStatusUuid()) {
		m.saveLazily(record.NewOperationAcknowledged(ack.GetOperationUuid()))
	}
}
