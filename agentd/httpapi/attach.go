package httpapi

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/agentd/adhoc"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/agent"
	"codeberg.org/reeve/reeve/shared/recordio"
)

// keepAlive is the time between two heartbeats on a stream of output (spec 1.8).
const keepAlive = 30 * time.Second

// maxInput bounds one record of input.
const maxInput = 4 << 20

// form is how an answer is written: messages in a codec, and whether the media type is that of the framing.
type form struct {
	codec    codec.Codec
	recordIO bool
}

// negotiateStream is mesoshttp.Negotiate with the rules of spec 1.8 about framed answers. It answers 406 or 415 and
// returns false if the request breaks one.
func negotiateStream(w http.ResponseWriter, r *http.Request, kind agent.Call_Type) (form, bool) {
	refuse := func(status int, text string) (form, bool) {
		mesoshttp.WriteText(w, r, status, text)
		return form{}, false
	}
	framed := mesoshttp.IsRecordIO(r.Header.Get("Accept"))
	switch {
	case kind == agent.Call_ATTACH_CONTAINER_INPUT:
		return refuse(http.StatusUnsupportedMediaType, "Expecting 'Content-Type' of "+codec.RecordIO+" for ATTACH_CONTAINER_INPUT call")
	case r.Header.Get("Message-Content-Type") != "":
		return refuse(http.StatusUnsupportedMediaType, "Expecting 'Message-Content-Type' to be not set for non-streaming requests")
	case !framed && r.Header.Get("Message-Accept") != "":
		return refuse(http.StatusNotAcceptable, "Expecting 'Message-Accept' to be not set for non-streaming responses")
	case framed && !streams(kind):
		return refuse(http.StatusNotAcceptable, "Streaming response is not supported for "+kind.String()+" call")
	case framed:
		c, ok := codec.Negotiate(r.Header.Values("Message-Accept"))
		if !ok {
			return refuse(http.StatusNotAcceptable, "Expecting 'Message-Accept' to allow "+codec.JSON.MediaType()+" or "+codec.Protobuf.MediaType())
		}
		return form{c, true}, true
	}
	c, ok := mesoshttp.Negotiate(w, r)
	return form{c, false}, ok
}

// streams says whether the answer to a call is a stream.
func streams(kind agent.Call_Type) bool {
	return kind == agent.Call_LAUNCH_NESTED_CONTAINER_SESSION || kind == agent.Call_ATTACH_CONTAINER_OUTPUT
}

func (a *api) stream(w http.ResponseWriter, r *http.Request, f form, call *agent.Call) {
	if call.GetType() == agent.Call_LAUNCH_NESTED_CONTAINER_SESSION {
		a.session(w, r, f, call.GetLaunchNestedContainerSession())
		return
	}
	a.attachOutput(w, r, f, call.GetAttachContainerOutput().GetContainerId())
}

// session answers LAUNCH_NESTED_CONTAINER_SESSION: the command lives as long as the answer.
func (a *api) session(w http.ResponseWriter, r *http.Request, f form, call *agent.Call_LaunchNestedContainerSession) {
	const part = "launch_nested_container_session"
	if call.GetContainerId().GetParent() == nil {
		mesoshttp.WriteText(w, r, http.StatusBadRequest,
			"Failed to validate agent::Call: Expecting '"+part+".container_id.parent' to be present")
		return
	}
	id, err := containerOf(part, call.GetContainerId())
	if err == nil && a.cfg.Containers == nil {
		err = fault.New(fault.Unsupported, "this agent starts no sessions")
	}
	var out *adhoc.Output
	if err == nil {
		out, err = a.cfg.Containers.Session(r.Context(), adhoc.Launch{ID: id, Command: call.GetCommand(), Container: call.GetContainer()})
	}
	if err != nil {
		mesoshttp.WriteError(w, r, err)
		return
	}
	defer a.cfg.Containers.EndSession(id)
	defer out.Close()
	send(w, r, f, out)
}

func (a *api) attachOutput(w http.ResponseWriter, r *http.Request, f form, wire *mesosv1.ContainerID) {
	id, err := containerOf("attach_container_output", wire)
	if err == nil && a.cfg.Containers == nil {
		err = fault.New(fault.NotFound, "Container %s cannot be found", id)
	}
	var out *adhoc.Output
	if err == nil {
		out, err = a.cfg.Containers.Attach(id)
	}
	if err != nil {
		mesoshttp.WriteError(w, r, err)
		return
	}
	defer out.Close()
	send(w, r, f, out)
}

// send passes on what a process writes, with heartbeats, until its end or the client's.
func send(w http.ResponseWriter, r *http.Request, f form, out *adhoc.Output) {
	start := mesoshttp.StartStream
	if f.recordIO {
		start = mesoshttp.StartRecords
	}
	s, err := start(w, f.codec)
	if err != nil {
		return
	}
	beat := time.NewTicker(keepAlive)
	defer beat.Stop()
	for {
		var m proto.Message
		select {
		case chunk, ok := <-out.C:
			if !ok {
				return
			}
			m = chunkProto(chunk)
		case <-beat.C:
			m = heartbeat()
		case <-r.Context().Done():
			return
		}
		if s.Send(m) != nil {
			return // the client has gone
		}
	}
}

func chunkProto(c adhoc.Chunk) *agent.ProcessIO {
	kind := agent.ProcessIO_Data_STDOUT
	if c.Stream == adhoc.Stderr {
		kind = agent.ProcessIO_Data_STDERR
	}
	return &agent.ProcessIO{
		Type: agent.ProcessIO_DATA.Enum(), Data: &agent.ProcessIO_Data{Type: kind.Enum(), Data: c.Data},
	}
}

func heartbeat() *agent.ProcessIO {
	return &agent.ProcessIO{
		Type: agent.ProcessIO_CONTROL.Enum(),
		Control: &agent.ProcessIO_Control{
			Type: agent.ProcessIO_Control_HEARTBEAT.Enum(),
			Heartbeat: &agent.ProcessIO_Control_Heartbeat{
				Interval: &mesosv1.DurationInfo{Nanoseconds: new(keepAlive.Nanoseconds())},
			},
		},
	}
}

// attachInput answers ATTACH_CONTAINER_INPUT: the body is a stream of calls, the first of which names the container.
func (a *api) attachInput(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		mesoshttp.WriteMethodNotAllowed(w, r, http.MethodPost)
		return
	}
	c, ok := inputCodec(w, r)
	if !ok {
		return
	}
	body := &input{reader: recordio.NewReader(r.Body, maxInput), codec: c}
	first, err := body.next(agent.Call_AttachContainerInput_CONTAINER_ID)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = fault.New(fault.Invalid, "Received EOF while reading request body")
	}
	if err != nil {
		finishInput(w, r, err)
		return
	}
	id, err := containerOf("attach_container_input", first.GetContainerId())
	if err == nil && a.cfg.Containers == nil {
		err = fault.New(fault.NotFound, "Container %s cannot be found", id)
	}
	var to *adhoc.Input
	if err == nil {
		to, err = a.cfg.Containers.Input(id)
	}
	if err != nil {
		finishInput(w, r, err)
		return
	}
	defer to.Close()
	finishInput(w, r, body.copy(w, to))
}

// inputCodec finds out what the records of a request hold.
func inputCodec(w http.ResponseWriter, r *http.Request) (codec.Codec, bool) {
	kind := r.Header.Get("Message-Content-Type")
	if kind == "" {
		mesoshttp.WriteText(w, r, http.StatusBadRequest, "Expecting 'Message-Content-Type' to be set for streaming requests")
		return "", false
	}
	c, ok := codec.FromContentType(kind)
	if !ok {
		mesoshttp.WriteText(w, r, http.StatusUnsupportedMediaType,
			"Expecting 'Message-Content-Type' of "+codec.JSON.MediaType()+" or "+codec.Protobuf.MediaType())
	}
	return c, ok
}

// finishInput answers, although more may be coming: the connection is of no use afterwards.
func finishInput(w http.ResponseWriter, r *http.Request, err error) {
	w.Header().Set("Connection", "close")
	_ = http.NewResponseController(w).EnableFullDuplex() // else the server would first wait for the rest of the body
	if err != nil {
		mesoshttp.WriteError(w, r, err)
		return
	}
	mesoshttp.WriteEmpty(w, r, http.StatusOK)
}

// input is the body of an ATTACH_CONTAINER_INPUT.
type input struct {
	reader *recordio.Reader
	codec  codec.Codec
}

// next reads a record, which must be of a kind.
func (in *input) next(want agent.Call_AttachContainerInput_Type) (*agent.Call_AttachContainerInput, error) {
	record, err := in.reader.Read()
	if err != nil {
		return nil, err
	}
	call := &agent.Call{}
	if err := in.codec.Unmarshal(record, call); err != nil {
		return nil, err
	}
	m := call.GetAttachContainerInput()
	if call.GetType() != agent.Call_ATTACH_CONTAINER_INPUT || m.GetType() != want {
		return nil, fault.New(fault.Invalid, "Expecting a record of type ATTACH_CONTAINER_INPUT with 'attach_container_input.type' of %s", want)
	}
	return m, nil
}

// copy carries input out until the end of the body or of the process.
func (in *input) copy(w http.ResponseWriter, to *adhoc.Input) error {
	var watcher sync.WaitGroup
	done := make(chan struct{})
	watcher.Go(func() {
		select {
		case <-to.Ended():
			_ = http.NewResponseController(w).SetReadDeadline(time.Now()) // wakes the reader up
		case <-done:
		}
	})
	defer watcher.Wait()
	defer close(done)
	for {
		m, err := in.next(agent.Call_AttachContainerInput_PROCESS_IO)
		if err == nil {
			err = feed(to, m.GetProcessIo())
		}
		if err == nil {
			continue
		}
		select {
		case <-to.Ended():
			return nil
		default:
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
}

// feed carries out one record.
func feed(to *adhoc.Input, m *agent.ProcessIO) error {
	switch {
	case m.GetType() == agent.ProcessIO_DATA && m.GetData().GetType() == agent.ProcessIO_Data_STDIN:
		return to.Write(m.GetData().GetData())
	case m.GetType() == agent.ProcessIO_CONTROL && m.GetControl().GetType() == agent.ProcessIO_Control_TTY_INFO:
		size := m.GetControl().GetTtyInfo().GetWindowSize()
		const most = 1<<16 - 1
		if size == nil || size.GetColumns() > most || size.GetRows() > most {
			return fault.New(fault.Invalid, "Expecting 'tty_info.window_size' with sizes of at most %d", most)
		}
		return to.Resize(runtime.Window{Columns: uint16(size.GetColumns()), Rows: uint16(size.GetRows())})
	case m.GetType() == agent.ProcessIO_CONTROL && m.GetControl().GetType() == agent.ProcessIO_Control_HEARTBEAT:
		return nil
	}
	return fault.New(fault.Invalid, "Expecting 'process_io' to hold data of STDIN, or a control message of TTY_INFO or HEARTBEAT")
}
