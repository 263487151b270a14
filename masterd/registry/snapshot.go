package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/maintenance"
	"codeberg.org/reeve/reeve/masterd/roles"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// maxSnapshot bounds what DecodeSnapshot reads: 100 000 agents and as many jobs have about 200 MB.
const maxSnapshot = 2 << 30

// deterministic writes equal messages as equal bytes, within one build.
var deterministic = proto.MarshalOptions{Deterministic: true}

// snapshot is the whole State as it is written: sorted lists instead of maps.
type snapshot struct {
	Form        int               `json:"form"`
	ClusterID   string            `json:"cluster_id"`
	ClusterName string            `json:"cluster_name"`
	Agents      []snapshotAgent   `json:"agents"`
	Jobs        []reeveapi.Job    `json:"jobs"`
	Weights     []weightRecord    `json:"weights,omitempty"`
	Quotas      []quotaRecord     `json:"quotas,omitempty"`
	Maintenance maintenance.State `json:"maintenance,omitzero"`
	Secrets     []Secret          `json:"secrets,omitempty"`
}

type snapshotAgent struct {
	Info     []byte    `json:"info"`
	Standing string    `json:"standing"`
	Since    time.Time `json:"since"`

	Deactivated bool           `json:"deactivated,omitempty"`
	Drain       *snapshotDrain `json:"drain,omitempty"`
}

type snapshotDrain struct {
	MaxGrace *time.Duration `json:"max_grace_ns,omitempty"`
	MarkGone bool           `json:"mark_gone,omitempty"`
	Since    time.Time      `json:"since"`
	Drained  bool           `json:"drained,omitempty"`
	Begun    int            `json:"begun,omitempty"`
}

// standings are the names of Standing in snapshots, fixed for ever.
var standings = [...]string{Admitted: "admitted", Unreachable: "unreachable", Gone: "gone"}

// String names the standing.
func (s Standing) String() string { return standings[s] }

// EncodeSnapshot writes the state. Equal states give equal bytes.
func (s *State) EncodeSnapshot(w io.Writer) error {
	out := snapshot{Form: Form, ClusterID: s.ClusterID, ClusterName: s.ClusterName}
	for _, id := range slices.Sorted(maps.Keys(s.Agents)) {
		a := s.Agents[id]
		info, err := infoOf(a.Info)
		if err != nil {
			return fmt.Errorf("encode agent %s: %w", id, err)
		}
		out.Agents = append(out.Agents, snapshotAgent{info, standings[a.Standing], a.Since, a.Deactivated, (*snapshotDrain)(a.Drain)})
	}
	out.Weights, out.Quotas = weightRecords(s.Roles.Weights), quotaRecords(s.Roles.Quotas)
	out.Maintenance = s.Maintenance
	for _, id := range slices.Sorted(maps.Keys(s.Jobs)) {
		out.Jobs = append(out.Jobs, s.Jobs[id])
	}
	for _, name := range slices.Sorted(maps.Keys(s.Secrets)) {
		out.Secrets = append(out.Secrets, s.Secrets[name])
	}
	return json.NewEncoder(w).Encode(out)
}

// DecodeSnapshot reads what EncodeSnapshot wrote; a newer form is an UnknownFormError.
func DecodeSnapshot(r io.Reader) (*State, error) {
	var in snapshot
	if err := json.NewDecoder(io.LimitReader(r, maxSnapshot)).Decode(&in); err != nil {
		return nil, fmt.Errorf("decode registry snapshot: %w", err)
	}
	switch {
	case in.Form < 1:
		return nil, errors.New("decode registry snapshot: it does not say its form")
	case in.Form > Form:
		return nil, UnknownFormError{Form: in.Form}
	}
	s := New()
	s.ClusterID, s.ClusterName = in.ClusterID, in.ClusterName
	for _, a := range in.Agents {
		info := new(mesosv1.AgentInfo)
		if err := proto.Unmarshal(a.Info, info); err != nil {
			return nil, fmt.Errorf("decode agent in snapshot: %w", err)
		}
		standing := slices.Index(standings[:], a.Standing)
		if standing < 0 || info.GetId().GetValue() == "" {
			return nil, fmt.Errorf("decode agent in snapshot: id %q, standing %q", info.GetId().GetValue(), a.Standing)
		}
		s.Agents[ids.Agent(info.GetId().GetValue())] = Agent{info, Standing(standing), a.Since, a.Deactivated, (*Drain)(a.Drain)}
	}
	s.Roles = roles.Settings{Weights: weightsOf(in.Weights), Quotas: quotasOf(in.Quotas)}
	s.Maintenance = in.Maintenance
	for _, job := range in.Jobs {
		s.Jobs[ids.Job(job.Spec.Name)] = job
	}
	for _, secret := range in.Secrets {
		s = s.Apply(PutSecret{secret})
	}
	return s, nil
}
