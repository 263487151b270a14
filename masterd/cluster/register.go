package cluster

import (
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/masterd/validate"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

// A registration's way: agentRegister finds out who it is; register decides whether the registry has to hear of it; join
// (join.go) makes the agent Active and takes over what it says.

func (s *State) agentRegister(in AgentRegister) {
	info := in.Register.GetAgentInfo()
	if info.GetId().GetValue() == "" {
		s.count("messages_register_slave")
	} else {
		s.count("messages_reregister_slave")
	}
	if _, ok := s.conns[in.Conn]; ok {
		s.count("dropped_messages") // a stream registers once
		return
	}
	if err := validate.Agent(in.Register); err != nil {
		s.refuse(in.Conn, err.Error(), false)
		return
	}
	id := ids.Agent(info.GetId().GetValue())
	place := placeOf(in)
	if id == "" {
		id = s.sameAgent(place, in.Register.GetBootId())
	}
	if old := s.places[place]; old != "" && old != id && !s.makeRoom(old) {
		s.refuse(in.Conn, fmt.Sprintf("agent %s is registered from %s; stop it or use another port", old, place), false)
		return
	}
	if id == "" {
		id = ids.Agent(fmt.Sprintf("%s-S%d", s.cfg.MasterID, s.nextAgent))
		s.nextAgent++
	}
	s.register(id, in)
}

// placeOf is "ip:port" of the agent's API.
func placeOf(in AgentRegister) string {
	if place := in.Register.GetHttpAddress(); place != "" {
		return place
	}
	host := in.PeerIP
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + strconv.Itoa(int(in.Register.GetAgentInfo().GetPort()))
}

// hostOf and portOf take "ip:port" apart.
func hostOf(place string) string {
	return strings.Trim(place[:max(0, strings.LastIndexByte(place, ':'))], "[]")
}

func portOf(place string) int32 {
	port, err := strconv.ParseInt(place[strings.LastIndexByte(place, ':')+1:], 10, 32)
	if err != nil {
		return 0
	}
	return int32(port)
}

// sameAgent is the id of the agent that registers again because it never heard the answer to its first registration.
func (s *State) sameAgent(place, bootID string) ids.Agent {
	id := s.places[place]
	if reg, ok := s.admitting[id]; ok && reg.Register.GetBootId() == bootID {
		return id
	}
	if a := s.agents[id]; a != nil && a.bootID == bootID {
		return id
	}
	return ""
}

// makeRoom removes the agent that was at a place where another one is now. It can't be there any more, unless it answers.
func (s *State) makeRoom(old ids.Agent) bool {
	a := s.agents[old]
	if a == nil || a.state == AgentActive || a.writing || s.isAdmitting(old) {
		return false
	}
	s.write(a, write{kind: writeRemove, agent: old, loss: lossReplaced}, registry.RemoveAgent{Agent: old})
	s.forgetPlace(a)
	return true
}

// register continues a registration whose id is known.
func (s *State) register(id ids.Agent, in AgentRegister) {
	if other, ok := s.admitting[id]; ok { // the answer goes to the newer stream
		s.closeConn(other.Conn)
		s.forgetAdmission(id, other)
		s.conns[in.Conn] = id
		s.keepAdmission(id, in)
		return
	}
	a := s.agents[id]
	if a == nil {
		s.conns[in.Conn] = id
		s.admit(id, in)
		return
	}
	if a.writing {
		if a.waiting != nil {
			s.closeConn(a.waiting.Conn)
		}
		a.waiting = &in
		s.conns[in.Conn] = id
		return
	}
	if a.state == AgentGone {
		s.refuse(in.Conn, fmt.Sprintf("agent %s was marked as gone and can't come back", id), true)
		return
	}
	if reason := moved(a, in); reason != "" {
		s.refuse(in.Conn, reason, true)
		return
	}
	s.conns[in.Conn] = id
	if a.state == AgentUnreachable || !sameInfo(a.info, in.Register.GetAgentInfo()) {
		s.admit(id, in)
		return
	}
	s.join(id, in)
}

// moved says why an agent that comes back can't be the one that left: its tasks' addresses would be wrong.
func moved(a *agent, in AgentRegister) string {
	if got, want := in.Register.GetAgentInfo().GetHostname(), a.info.GetHostname(); got != want {
		return fmt.Sprintf("agent %s was known as host %q and comes back as %q; remove its work dir to register it anew", a.id, want, got)
	}
	if got, want := hostOf(placeOf(in)), hostOf(a.http); a.http != "" && got != want {
		return fmt.Sprintf("agent %s was known at %s and comes back from %s; remove its work dir to register it anew", a.id, want, got)
	}
	return ""
}

// sameInfo ignores the id, which a first registration does not have.
func sameInfo(a, b *mesosv1.AgentInfo) bool {
	if a.GetId().GetValue() != b.GetId().GetValue() {
		b = proto.CloneOf(b)
		b.Id = a.GetId()
	}
	return proto.Equal(a, b)
}

// admit writes an agent to the registry; join follows when that is done.
func (s *State) admit(id ids.Agent, in AgentRegister) {
	info := proto.CloneOf(in.Register.GetAgentInfo())
	info.Id = agentID(id)
	s.keepAdmission(id, in)
	s.persist(write{kind: writeAdmit, agent: id, info: info}, registry.AdmitAgent{Info: info, At: s.now})
}

// keepAdmission remembers whom to answer. A new agent has its place from here on, so that it is known if it asks again.
func (s *State) keepAdmission(id ids.Agent, in AgentRegister) {
	s.admitting[id] = in
	if s.agents[id] == nil {
		s.places[placeOf(in)] = id
	}
}

func (s *State) forgetAdmission(id ids.Agent, in AgentRegister) {
	delete(s.admitting, id)
	if s.agents[id] == nil && s.places[placeOf(in)] == id {
		delete(s.places, placeOf(in))
	}
}

func (s *State) refuse(conn ConnID, reason string, shutdown bool) {
	s.emit(ToAgent{conn, &agentlink.FromMaster{Message: &agentlink.FromMaster_Refused{
		Refused: &agentlink.Refused{Reason: reason, Shutdown: shutdown},
	}}})
	s.closeConn(conn)
}

// closeConn ends a stream and forgets it.
func (s *State) closeConn(conn ConnID) {
	delete(s.conns, conn)
	s.emit(CloseAgent{conn})
}

// Writes to the registry.

type write struct {
	kind   writeKind
	agent  ids.Agent
	info   *mesosv1.AgentInfo // of writeAdmit
	loss   loss               // of the others
	ticket Ticket
	who    string
}

type writeKind int

const (
	writeAdmit writeKind = iota
	writeUnreachable
	writeRemove
	writeGone
)

// write changes an agent's standing: until it is done nothing else may change it.
func (s *State) write(a *agent, w write, op registry.Op) {
	a.writing = true
	s.persist(w, op)
}

func (s *State) persist(w write, op registry.Op) {
	s.lastToken++
	s.writes[s.lastToken] = w
	s.emit(Persist{Token: s.lastToken, Ops: []registry.Op{op}})
}

func (s *State) persisted(in Persisted) {
	w, ok := s.writes[in.Token]
	if !ok {
		return
	}
	delete(s.writes, in.Token)
	if w.kind == writeAdmit {
		s.admitted(w, in.Err)
		return
	}
	a := s.agents[w.agent]
	a.writing = false
	if in.Err == nil {
		s.loseAgent(a, w)
	} else {
		s.waitAgain(a)
		s.reply(w.ticket, fault.Wrap(fault.Unavailable, in.Err, "write to the registry"))
	}
	if reg := a.waiting; reg != nil {
		a.waiting = nil
		delete(s.conns, reg.Conn)
		s.register(w.agent, *reg)
	}
}

// waitAgain starts the wait for an agent anew, after a write that failed.
func (s *State) waitAgain(a *agent) {
	if a.away() {
		s.timer.Set(timer{timerAgentLost, string(a.id)}, s.now.Add(s.cfg.AgentTimeout))
	}
}

func (s *State) admitted(w write, err error) {
	in := s.admitting[w.agent]
	s.forgetAdmission(w.agent, in)
	if err != nil {
		if a := s.agents[w.agent]; a != nil {
			s.waitAgain(a)
		}
		if s.conns[in.Conn] == w.agent {
			s.refuse(in.Conn, "the registry could not be written; try again", false)
		}
		return
	}
	if !sameInfo(w.info, in.Register.GetAgentInfo()) { // the newer stream says something else
		s.admit(w.agent, in)
		return
	}
	alive := s.conns[in.Conn] == w.agent
	s.join(w.agent, in)
	if !alive { // its stream broke while we wrote: it is admitted, but not here
		s.disconnect(s.agents[w.agent], "its link broke")
	}
}

// total is what an agent says it has. validate.Agent has seen that it parses.
func total(info *mesosv1.AgentInfo) resources.Resources {
	r, err := resources.FromProto(info.GetResources())
	if err != nil {
		return resources.Resources{}
	}
	return r
}
