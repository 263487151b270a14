package cluster

// operate carries out an operator's operation.
func (s *State) operate(in Operate) {
	s.turn.Reply(in.Ticket, s.desk.Operate(in.Agent, in.Operation, in.Principal, in.Who))
}

// operationUpdate takes an agent's word on how an operation went. An agent that could not do what we count as done has
// something else than we think: it registers anew, and says what.
func (s *State) operationUpdate(in OperationUpdate) {
	a := s.book.Agents[s.conns[in.Conn]]
	if a == nil || a.Conn != in.Conn {
		return
	}
	if !s.clerk.Update(a, in.Update) {
		s.closeConn(in.Conn)
		s.disconnect(a, "an operation failed on it")
	}
}
