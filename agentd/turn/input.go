package turn

import (
	"fmt"
	"strings"

	"codeberg.org/reeve/reeve/agentd/check"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1/executor"
)

// Input is what enters the machine.
type Input interface{ input() }

// The inputs.
type (
	// Tick says that the deadline has come.
	Tick struct{}

	// Recovered comes first and once: what an earlier agentd saved, oldest first, and the containers it left.
	Recovered struct {
		Entries    []*record.Entry
		Containers []runtime.Recovered
	}

	// LinkOpened says that a stream to a master stands and waits for Register.
	LinkOpened struct{ Conn ConnID }

	// LinkClosed says that it is gone.
	LinkClosed struct{ Conn ConnID }

	// Beat is due on a registered stream; it goes through the machine to prove that the loop turns.
	Beat struct {
		Conn  ConnID
		Usage *agentlink.HostUsage
	}

	// FromMaster is a message of a stream, of the highest term seen.
	FromMaster struct {
		Conn    ConnID
		Message *agentlink.FromMaster
	}

	// Subscribe opens an executor's stream. The Reply comes before the first event, or says why there is no stream.
	Subscribe struct {
		Ticket Ticket
		Stream StreamID
		Call   *executor.Call
	}

	// StreamClosed says that the executor's side of a stream is gone, or that its outbox ran over.
	StreamClosed struct{ Stream StreamID }

	// Call is an executor's UPDATE or MESSAGE.
	Call struct {
		Ticket Ticket
		Call   *executor.Call
	}

	// Prepared says that the sandbox of a container is ready and its URIs are fetched.
	Prepared struct{ Container ids.Container }

	// Pulling says how far the image of a container is, in bytes of what was missing, or one of its URIs.
	Pulling struct {
		Container   ids.Container
		URI         string // "" for an image
		Done, Total int64  // Total is 0 while that of a URI is unknown
	}

	// Launched says that a container's process has been exec'ed.
	Launched struct {
		Container ids.Container
		Started   runtime.Started
	}

	// LaunchFailed says that a container could not be started, or that its start was cancelled; nothing of it is left.
	LaunchFailed struct {
		Container ids.Container
		Message   string // for people
	}

	// Exited says that everything in a container has ended.
	Exited struct {
		Container ids.Container
		Exit      runtime.Exit
	}

	// Deleted says that the runtime has forgotten a container.
	Deleted struct{ Container ids.Container }

	// Equipped answers Equip.
	Equipped struct {
		Container ids.Container
		GPUs      int
		Failed    string // why it has them not, for people; "" if it has
	}

	// Probed is what a Probe found.
	Probed struct {
		Container ids.Container
		Of        check.Of
		Result    check.Result
	}

	// DiskExceeded says that the files of a container take more than they may, in bytes.
	DiskExceeded struct {
		Container   ids.Container
		Used, Limit int64
	}

	// Drain ends every task; Drained follows when that is done and told. With Untold there is nobody to tell any more.
	Drain struct{ Untold bool }
)

func (Tick) input()         {}
func (Recovered) input()    {}
func (LinkOpened) input()   {}
func (LinkClosed) input()   {}
func (Beat) input()         {}
func (FromMaster) input()   {}
func (Subscribe) input()    {}
func (StreamClosed) input() {}
func (Call) input()         {}
func (Prepared) input()     {}
func (Pulling) input()      {}
func (Launched) input()     {}
func (LaunchFailed) input() {}
func (Exited) input()       {}
func (Deleted) input()      {}
func (Equipped) input()     {}
func (Probed) input()       {}
func (DiskExceeded) input() {}
func (Drain) input()        {}

// Kind names an input for logs and metrics: its type's name.
func Kind(in Input) string { return strings.TrimPrefix(fmt.Sprintf("%T", in), "turn.") }
