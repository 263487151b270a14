package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/maintenance"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/version"
)

// Form is the version of what Encode and EncodeSnapshot write. It grows when a reader of this form could not understand
// what is written, that is with every new op and with every field that changes what an older field means.
const Form = 6

// maxEntry bounds what Decode reads; the registrar puts at most a few hundred ops into an entry.
const maxEntry = 64 << 20

// UnknownFormError is returned for what a newer Reeve has written.
type UnknownFormError struct {
	Form int
	What string // the op that is not known, or "" if the form says enough
}

// Error says which version is needed.
func (e UnknownFormError) Error() string {
	what := ""
	if e.What != "" {
		what = fmt.Sprintf(" (it holds %q)", e.What)
	}
	return fmt.Sprintf(
		"the registry is of form %d%s and Reeve %s reads up to %d; upgrade this master to the version that the others run",
		e.Form, what, version.Reeve, Form)
}

// entry is one raft entry: many ops.
type entry struct {
	Form int      `json:"form"`
	Ops  []logged `json:"ops"`
}

// logged is one op. Name is fixed for ever.
type logged struct {
	Name string          `json:"op"`
	Op   json.RawMessage `json:"value"`
}

// Names of ops in the log.
const (
	nameSetCluster      = "set_cluster"
	nameAdmitAgent      = "admit_agent"
	nameMarkUnreachable = "mark_unreachable"
	nameMarkGone        = "mark_gone"
	nameDeactivateAgent = "deactivate_agent"
	nameReactivateAgent = "reactivate_agent"
	nameDrainAgent      = "drain_agent"
	nameAgentDrained    = "agent_drained"
	nameRemoveAgent     = "remove_agent"
	nameSetWeights      = "set_weights"
	nameSetQuotas       = "set_quotas"
	nameSetMaintenance  = "set_maintenance"
	namePutJob          = "put_job"
	nameRemoveJob       = "remove_job"
	namePutSecret       = "put_secret"
	nameRemoveSecret    = "remove_secret"
)

// The ops as they are written. Agents are protobuf inside JSON, because only protobuf keeps fields that it does not know.
type (
	clusterRecord struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	admitRecord struct {
		Info []byte    `json:"info"`
		At   time.Time `json:"at"`
	}
	agentRecord struct {
		Agent ids.Agent `json:"agent"`
		At    time.Time `json:"at,omitzero"`
	}
	drainRecord struct {
		Agent    ids.Agent      `json:"agent"`
		MaxGrace *time.Duration `json:"max_grace_ns,omitempty"`
		MarkGone bool           `json:"mark_gone,omitempty"`
		At       time.Time      `json:"at"`
		Begun    int            `json:"begun,omitempty"`
	}
	jobRecord struct {
		Job ids.Job `json:"job"`
	}
	secretRecord struct {
		Name string `json:"name"`
	}
)

// Encode writes ops as one entry of the log.
func Encode(ops []Op) ([]byte, error) {
	e := entry{Form: Form, Ops: make([]logged, 0, len(ops))}
	for _, op := range ops {
		name, record, err := recordOf(op)
		if err != nil {
			return nil, err
		}
		data, err := json.Marshal(record)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", name, err)
		}
		e.Ops = append(e.Ops, logged{name, data})
	}
	return json.Marshal(e)
}

func recordOf(op Op) (name string, record any, err error) {
	switch op := op.(type) {
	case SetCluster:
		return nameSetCluster, clusterRecord(op), nil
	case AdmitAgent:
		if op.Info.GetId().GetValue() == "" {
			return "", nil, errors.New("encode admit_agent: the agent has no id")
		}
		info, err := infoOf(op.Info)
		if err != nil {
			return "", nil, fmt.Errorf("encode agent: %w", err)
		}
		return nameAdmitAgent, admitRecord{info, op.At}, nil
	case MarkUnreachable:
		return nameMarkUnreachable, agentRecord(op), nil
	case MarkGone:
		return nameMarkGone, agentRecord(op), nil
	case DeactivateAgent:
		return nameDeactivateAgent, agentRecord{Agent: op.Agent}, nil
	case ReactivateAgent:
		return nameReactivateAgent, agentRecord{Agent: op.Agent}, nil
	case DrainAgent:
		return nameDrainAgent, drainRecord(op), nil
	case AgentDrained:
		return nameAgentDrained, agentRecord{Agent: op.Agent}, nil
	case RemoveAgent:
		return nameRemoveAgent, agentRecord{Agent: op.Agent}, nil
	case SetWeights:
		return nameSetWeights, weightRecords(op.Weights), nil
	case SetQuotas:
		return nameSetQuotas, quotaRecords(op.Quotas), nil
	case SetMaintenance:
		return nameSetMaintenance, op.State, nil
	case PutJob:
		return namePutJob, op.Job, nil
	case RemoveJob:
		return nameRemoveJob, jobRecord(op), nil
	case PutSecret:
		return namePutSecret, op.Secret, nil
	case RemoveSecret:
		return nameRemoveSecret, secretRecord(op), nil
	}
	return "", nil, fmt.Errorf("encode %T: not an op of the registry", op)
}

// Decode reads an entry of the log. An entry of a newer form, or an op that is not known, is an UnknownFormError: to skip
// it would make this master's State differ from the others'.
func Decode(data []byte) ([]Op, error) {
	if len(data) > maxEntry {
		return nil, fmt.Errorf("an entry of %d bytes is larger than the %d allowed", len(data), maxEntry)
	}
	var e entry
	if err := json.Unmarshal(data, &e); err != nil {
		return nil, fmt.Errorf("decode registry entry: %w", err)
	}
	if e.Form < 1 {
		return nil, errors.New("decode registry entry: it does not say its form")
	}
	ops := make([]Op, 0, len(e.Ops))
	for _, l := range e.Ops {
		op, err := l.decode(e.Form)
		if err != nil {
			return nil, err
		}
		ops = append(ops, op)
	}
	if e.Form > Form {
		return nil, UnknownFormError{Form: e.Form}
	}
	return ops, nil
}

func (l logged) decode(form int) (Op, error) {
	switch l.Name {
	case nameSetCluster:
		r, err := read[clusterRecord](l)
		return SetCluster(r), err
	case nameAdmitAgent:
		return l.decodeAdmit()
	case nameMarkUnreachable:
		r, err := read[agentRecord](l)
		return MarkUnreachable(r), err
	case nameMarkGone:
		r, err := read[agentRecord](l)
		return MarkGone(r), err
	case nameDeactivateAgent:
		r, err := read[agentRecord](l)
		return DeactivateAgent{Agent: r.Agent}, err
	case nameReactivateAgent:
		r, err := read[agentRecord](l)
		return ReactivateAgent{Agent: r.Agent}, err
	case nameDrainAgent:
		r, err := read[drainRecord](l)
		return DrainAgent(r), err
	case nameAgentDrained:
		r, err := read[agentRecord](l)
		return AgentDrained{Agent: r.Agent}, err
	case nameRemoveAgent:
		r, err := read[agentRecord](l)
		return RemoveAgent{Agent: r.Agent}, err
	case nameSetWeights:
		r, err := read[[]weightRecord](l)
		return SetWeights{Weights: weightsOf(r)}, err
	case nameSetQuotas:
		r, err := read[[]quotaRecord](l)
		return SetQuotas{Quotas: quotasOf(r)}, err
	case nameSetMaintenance:
		r, err := read[maintenance.State](l)
		return SetMaintenance{State: r}, err
	case namePutJob:
		job, err := read[reeveapi.Job](l)
		return PutJob{Job: job}, err
	case nameRemoveJob:
		r, err := read[jobRecord](l)
		return RemoveJob(r), err
	case namePutSecret:
		secret, err := read[Secret](l)
		return PutSecret{Secret: secret}, err
	case nameRemoveSecret:
		r, err := read[secretRecord](l)
		return RemoveSecret(r), err
	}
	return nil, UnknownFormError{Form: form, What: l.Name}
}

func (l logged) decodeAdmit() (Op, error) {
	r, err := read[admitRecord](l)
	if err != nil {
		return nil, err
	}
	info := new(mesosv1.AgentInfo)
	if err := proto.Unmarshal(r.Info, info); err != nil {
		return nil, fmt.Errorf("decode agent: %w", err)
	}
	if info.GetId().GetValue() == "" {
		return nil, errors.New("decode admit_agent: the agent has no id")
	}
	return AdmitAgent{Info: info, At: r.At}, nil
}

// read decodes one op's record. A null would be an op without a value.
func read[T any](l logged) (T, error) {
	var r T
	if len(l.Op) == 0 || bytes.Equal(l.Op, []byte("null")) {
		return r, fmt.Errorf("decode %s: it has no value", l.Name)
	}
	if err := json.Unmarshal(l.Op, &r); err != nil {
		return r, fmt.Errorf("decode %s: %w", l.Name, err)
	}
	return r, nil
}
