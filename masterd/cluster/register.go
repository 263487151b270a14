package cluster

import (
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/maintenance"
	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/masterd/status"
	"codeberg.org/reeve/reeve/masterd/validate"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// A registration's way: agentRegister finds out who it is; register decides whether the registry has to hear of it; join
// (join.go) makes the agent Active and takes over what it says.

func (s *State) agentRegister(in AgentRegister) {
	info := in.Register.GetAgentInfo()
	if info.GetId().GetValue() == "" {
		s.turn.Count("messages_register_slave")
	} else {
		s.turn.Count("messages_reregister_slave")
	}
	if _, ok := s.conns[in.Conn]; ok {
		s.turn.Count("dropped_messages") // a stream registers once
		return
	}
	if err := validate.Agent(in.Register); err != nil {
		s.refuse(in.Conn, err.Error(), false)
		return
	}
	id := ids.Agent(info.GetId().GetValue())
	place := placeOf(in)
	if s.book.Said(maintenance.Machine{Hostname: info.GetHostname(), IP: hostOf(place)}).Mode == maintenance.Down {
		s.refuse(in.Conn, "this machine is down for maintenance; bring it up with STOP_MAINTENANCE before its agent starts", true)
		return
	}
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

func hostOf(place string) string {
	host, _ := view.SplitPlace(place)
	return host
}

// sameAgent is the id of the agent that registers again because it never heard the answer to its first registration.
func (s *State) sameAgent(place, bootID string) ids.Agent {
	id := s.places[place]
	if reg, ok := s.admitting[id]; ok && reg.Register.GetBootId() == bootID {
		return id
	}
	if a := s.book.Agents[id]; a != nil && a.BootID == bootID {
		return id
	}
	return ""
}

// makeRoom removes the agent that was at a place where another one is now. It can't be there any more, unless it answers.
func (s *State) makeRoom(old ids.Agent) bool {
	a := s.book.Agents[old]
	if a == nil || a.State == AgentActive || a.Writing || s.isAdmitting(old) {
		return false
	}
	s.write(a, write{kind: writeRemove, agent: old, loss: status.Replaced}, registry.RemoveAgent{Agent: old})
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
	a := s.book.Agents[id]
	if a == nil {
		s.conns[in.Conn] = id
		s.admit(id, in)
		return
	}
	if a.Writing {
		if older, ok := s.waiting[id]; ok {
			s.closeConn(older.Conn)
		}
		s.waiting[id] = in
		s.conns[in.Conn] = id
		return
	}
	if a.State == AgentGone {
		s.refuse(in.Conn, fmt.Sprintf("agent %s was marked as gone and can't come back", id), true)
		return
	}
	if reason := moved(a, in); reason != "" {
		s.refuse(in.Conn, reason, true)
		return
	}
	s.conns[in.Conn] = id
	if a.State == AgentUnreachable || !sameInfo(a.Info, in.Register.GetAgentInfo()) {
		s.admit(id, in)
		return
	}
	s.join(id, in)
}

// moved says why an agent that comes back can't be the one that left: its tasks' addresses would be wrong.
func moved(a *agent, in AgentRegister) string {
	if got, want := in.Register.GetAgentInfo().GetHostname(), a.Info.GetHostname(); got != want {
		return fmt.Sprintf("agent %s was known as host %q and comes back as %q; remove its work dir to register it anew", a.ID, want, got)
	}
	if got, want := hostOf(placeOf(in)), hostOf(a.HTTP); a.HTTP != "" && got != want {
		return fmt.Sprintf("agent %s was known at %s and comes back from %s; remove its work dir to register it anew", a.ID, want, got)
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
	info.Id = message.AgentID(id)
	s.keepAdmission(id, in)
	s.persist(write{kind: writeAdmit, agent: id, info: info}, registry.AdmitAgent{Info: info, At: s.turn.Now})
}

// keepAdmission remembers whom to answer. A new agent has its place from here on, so that it is known if it asks again.
func (s *State) keepAdmission(id ids.Agent, in AgentRegister) {
	s.admitting[id] = in
	if s.book.Agents[id] == nil {
		s.places[placeOf(in)] = id
	}
}

func (s *State) forgetAdmission(id ids.Agent, in AgentRegister) {
	delete(s.admitting, id)
	if s.book.Agents[id] == nil && s.places[placeOf(in)] == id {
		delete(s.places, placeOf(in))
	}
}

func (s *State) refuse(conn ConnID, reason string, shutdown bool) {
	s.turn.ToAgent(conn, message.Refused(reason, shutdown))
	s.closeConn(conn)
}

// closeConn ends a stream and forgets it.
func (s *State) closeConn(conn ConnID) {
	delete(s.conns, conn)
	s.turn.Emit(CloseAgent{Conn: conn})
}

// Writes to the registry.

type write struct {
	kind   writeKind
	agent  ids.Agent
	info   *mesosv1.AgentInfo // of writeAdmit
	loss   status.Loss        // of those that lose the agent
	drain  *view.Drain        // the agent's afterwards, of writeDrain and writeDrained; of writeGone if a drain led there
	ticket Ticket
	who    string
	in     Input // of writeSettings: what asked for it
}

type writeKind int

const (
	writeAdmit writeKind = iota
	writeUnreachable
	writeRemove
	writeGone
	writeSettings
	writeDeactivate
	writeReactivate
	writeDrain
	writeDrained
)

// write changes an agent's standing: until it is done nothing else may change it.
func (s *State) write(a *agent, w write, ops ...registry.Op) {
	a.Writing = true
	s.persist(w, ops...)
}

// persist writes all of the ops or none.
func (s *State) persist(w write, ops ...registry.Op) {
	s.lastToken++
	s.writes[s.lastToken] = w
	s.turn.Emit(Persist{Token: s.lastToken, Ops: ops})
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
	if w.kind == writeSettings {
		s.settled(w, in.Err)
		return
	}
	a := s.book.Agents[w.agent]
	a.Writing = false
	switch {
	case in.Err != nil:
		s.waitAgain(a)
		s.turn.Reply(w.ticket, fault.Wrap(fault.Unavailable, in.Err, "write to the registry"))
	case w.kind >= writeDeactivate:
		s.steered(a, w)
	default:
		s.loseAgent(a, w)
	}
	if reg, ok := s.waiting[w.agent]; ok {
		delete(s.waiting, w.agent)
		delete(s.conns, reg.Conn)
		s.register(w.agent, reg)
	}
	if in.Err == nil && s.book.Agents[w.agent] == a {
		s.settle(a)
	}
}

// waitAgain starts the wait for an agent anew, after a write that failed.
func (s *State) waitAgain(a *agent) {
	if a.Away() {
		s.timer.Set(timer{timerAgentLost, string(a.ID)}, s.turn.Now.Add(s.cfg.AgentTimeout))
	}
}

func (s *State) admitted(w write, err error) {
	in := s.admitting[w.agent]
	s.forgetAdmission(w.agent, in)
	if err != nil {
		if a := s.book.Agents[w.agent]; a != nil {
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
		s.disconnect(s.book.Agents[w.agent], "its link broke")
	}
}
