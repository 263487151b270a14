package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/agent"
	"codeberg.org/reeve/reeve/shared/recordio"
)

// Window is the size of a terminal in characters.
type Window struct{ Columns, Rows int }

// Exec is a command that is to be run in a container.
type Exec struct {
	Container string   // as reeveapi.Task has it
	Argv      []string // the executable's path or name, then its arguments, argv[0] included
	Env       []string // KEY=value, added to the container's own
	User      string   // "" for the container's own
	TTY       *Window  // nil for separate streams
}

// Session is a command in a container, for as long as it is open. Next is for one goroutine, the others for any.
type Session struct {
	client *Client
	agent  string
	id     *mesosv1.ContainerID
	out    *records

	input  *io.PipeWriter
	group  sync.WaitGroup // the request that carries the input
	mu     sync.Mutex     // guards writing to input
	closed sync.Once
}

// Exec starts a command in a container of an agent, "host:port", by LAUNCH_NESTED_CONTAINER_SESSION. The session ends with
// ctx.
func (c *Client) Exec(ctx context.Context, agentHTTP string, exec Exec) (*Session, error) {
	if len(exec.Argv) == 0 || exec.Container == "" {
		return nil, fault.New(fault.Invalid, "a command and a container are needed")
	}
	id := &mesosv1.ContainerID{Value: new("shell-" + uuid.NewString()), Parent: containerID(exec.Container)}
	command := &mesosv1.CommandInfo{Shell: new(false), Value: &exec.Argv[0], Arguments: exec.Argv}
	if exec.User != "" {
		command.User = &exec.User
	}
	for _, kv := range exec.Env {
		name, value, _ := strings.Cut(kv, "=")
		if command.Environment == nil {
			command.Environment = &mesosv1.Environment{}
		}
		command.Environment.Variables = append(command.Environment.Variables, &mesosv1.Environment_Variable{Name: &name, Value: &value})
	}
	call := &agent.Call_LaunchNestedContainerSession{ContainerId: id, Command: command}
	if exec.TTY != nil {
		call.Container = &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_MESOS.Enum(), TtyInfo: ttyInfo(*exec.TTY)}
	}
	r, err := callRequest("/api/v1", codec.Protobuf, &agent.Call{
		Type: agent.Call_LAUNCH_NESTED_CONTAINER_SESSION.Enum(), LaunchNestedContainerSession: call,
	})
	if err != nil {
		return nil, err
	}
	out, err := openStream(ctx, maxChunk, func(ctx context.Context) (*http.Response, error) { return c.ask(ctx, agentHTTP, r) })
	if err != nil {
		return nil, err
	}
	s := &Session{client: c, agent: agentHTTP, id: id, out: out}
	if err := s.openInput(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// maxChunk bounds one message of a session.
const maxChunk = 16 << 20

// containerID is a container's id with its parents, which dots separate.
func containerID(path string) *mesosv1.ContainerID {
	var id *mesosv1.ContainerID
	for name := range strings.SplitSeq(path, ".") {
		id = &mesosv1.ContainerID{Value: &name, Parent: id}
	}
	return id
}

func ttyInfo(w Window) *mesosv1.TTYInfo {
	return &mesosv1.TTYInfo{WindowSize: &mesosv1.TTYInfo_WindowSize{
		Columns: new(uint32(max(0, w.Columns))), Rows: new(uint32(max(0, w.Rows))),
	}}
}

// openInput sends the request whose body is the input, for as long as the session lasts.
func (s *Session) openInput(ctx context.Context) error {
	body, input := io.Pipe()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.client.peers+"://"+s.agent+"/api/v1", body)
	if err != nil {
		return errors.Join(fault.Wrap(fault.Invalid, err, "ask %s", s.agent), input.Close())
	}
	r.Header.Set("Content-Type", codec.RecordIO)
	r.Header.Set("Message-Content-Type", codec.Protobuf.MediaType())
	s.client.authenticate(r)
	s.input = input
	s.group.Go(func() {
		answer, err := s.client.http.Do(r)
		if err == nil {
			discard(answer)
		}
		_ = body.CloseWithError(io.ErrClosedPipe) // whoever writes on is told so; the output says why it is over
	})
	return s.say(&agent.Call_AttachContainerInput{Type: agent.Call_AttachContainerInput_CONTAINER_ID.Enum(), ContainerId: s.id})
}

func (s *Session) say(m *agent.Call_AttachContainerInput) error {
	record, err := codec.Protobuf.Marshal(&agent.Call{Type: agent.Call_ATTACH_CONTAINER_INPUT.Enum(), AttachContainerInput: m})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.input.Write(recordio.Append(nil, record)); err != nil {
		return fault.Wrap(fault.Unavailable, err, "agent %s takes no more input", s.agent)
	}
	return nil
}

func (s *Session) sayIO(m *agent.ProcessIO) error {
	return s.say(&agent.Call_AttachContainerInput{Type: agent.Call_AttachContainerInput_PROCESS_IO.Enum(), ProcessIo: m})
}

// Write gives the command input. It blocks while that does not read.
func (s *Session) Write(data []byte) (int, error) {
	if len(data) == 0 {
		return 0, nil // no data at all would end the input
	}
	return len(data), s.stdin(data)
}

// CloseInput ends the command's input.
func (s *Session) CloseInput() error { return s.stdin(nil) }

func (s *Session) stdin(data []byte) error {
	if data == nil {
		data = []byte{}
	}
	return s.sayIO(&agent.ProcessIO{
		Type: agent.ProcessIO_DATA.Enum(), Data: &agent.ProcessIO_Data{Type: agent.ProcessIO_Data_STDIN.Enum(), Data: data},
	})
}

// Resize tells the command of a new size of the terminal.
func (s *Session) Resize(w Window) error {
	return s.sayIO(&agent.ProcessIO{
		Type: agent.ProcessIO_CONTROL.Enum(),
		Control: &agent.ProcessIO_Control{
			Type: agent.ProcessIO_Control_TTY_INFO.Enum(), TtyInfo: ttyInfo(w),
		},
	})
}

// Next waits for output and returns it, and whether it is of stderr. At the end of it the error is io.EOF; any other says
// that the connection was lost, and the command ended with it.
func (s *Session) Next() (data []byte, stderr bool, err error) {
	for {
		record, err := s.out.reader.Read()
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, false, io.EOF
		}
		if err != nil {
			if cause := s.out.cause(); cause != nil {
				err = cause
			}
			return nil, false, fault.Wrap(fault.Unavailable, err, "the connection to agent %s was lost", s.agent)
		}
		m := &agent.ProcessIO{}
		if err := s.out.codec.Unmarshal(record, m); err != nil {
			return nil, false, fault.Wrap(fault.Internal, err, "the answer of agent %s can't be read", s.agent)
		}
		if m.GetType() == agent.ProcessIO_DATA {
			return m.GetData().GetData(), m.GetData().GetType() == agent.ProcessIO_Data_STDERR, nil
		}
	}
}

// statusPatience is how long the word on how a command ended is waited for, after its output has.
const statusPatience = 15 * time.Second

// Status returns how the command ended as a shell has it: its exit status, or 128 and the signal that ended it.
func (s *Session) Status(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, statusPatience)
	defer cancel()
	answer, err := s.client.AgentCall(ctx, s.agent, &agent.Call{
		Type: agent.Call_WAIT_NESTED_CONTAINER.Enum(), WaitNestedContainer: &agent.Call_WaitNestedContainer{ContainerId: s.id},
	})
	if err != nil {
		return 0, err
	}
	how := answer.GetWaitNestedContainer()
	if how == nil || how.ExitStatus == nil {
		return 0, fault.New(fault.Unavailable, "how the command ended is not known: %s", how.GetMessage())
	}
	_, err = s.client.AgentCall(ctx, s.agent, &agent.Call{
		Type: agent.Call_REMOVE_NESTED_CONTAINER.Enum(), RemoveNestedContainer: &agent.Call_RemoveNestedContainer{ContainerId: s.id},
	})
	status := int(how.GetExitStatus())
	if signal := status & 0x7f; signal != 0 {
		return 128 + signal, err
	}
	return status >> 8, err
}

// Close ends the session, and the command if it still runs. It may be called twice.
func (s *Session) Close() {
	s.closed.Do(func() {
		s.out.close()
		if s.input != nil {
			_ = s.input.Close() // an end that nobody waits for
		}
		s.group.Wait()
	})
}
