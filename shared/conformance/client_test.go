package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/recordio"
)

// tree is a JSON document as encoding/json reads it.
type tree map[string]any

// at goes down by names, and by numbers into lists. What is not there is nil.
func at(v any, path ...any) any {
	for _, step := range path {
		switch name := step.(type) {
		case string:
			if t, ok := v.(tree); ok {
				v = t[name]
				continue
			}
			m, _ := v.(map[string]any)
			v = m[name]
		case int:
			l, _ := v.([]any)
			if name >= len(l) {
				return nil
			}
			v = l[name]
		}
	}
	return v
}

// textAt is at for what should be a text.
func textAt(v any, path ...any) string {
	s, _ := at(v, path...).(string)
	return s
}

func parseTree(t *testing.T, data []byte) tree {
	t.Helper()
	var out tree
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatalf("not JSON: %v: %s", err, data)
	}
	return out
}

// direct follows no redirect and unpacks nothing.
var direct = &http.Client{
	Transport:     &http.Transport{DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// answer is a whole answer.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

// ask sends one request; header holds names and values in turn.
func ask(t *testing.T, method, url string, body []byte, header ...string) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	resp, err := direct.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, data}
}

// post sends a call in a form and wants the answer in the same.
func post(t *testing.T, url string, form codec.Codec, text string, m proto.Message, header ...string) answer {
	t.Helper()
	header = append([]string{"Content-Type", form.MediaType(), "Accept", form.MediaType()}, header...)
	return ask(t, http.MethodPost, url, encode(t, form, text, m), header...)
}

// decode reads a message of the form as a tree.
func decode(t *testing.T, form codec.Codec, data []byte, m proto.Message) tree {
	t.Helper()
	if form == codec.Protobuf {
		if err := proto.Unmarshal(data, m); err != nil {
			t.Fatalf("not a %s: %v", m.ProtoReflect().Descriptor().FullName(), err)
		}
		text, err := codec.JSON.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		data = text
	}
	return parseTree(t, data)
}

// stream is an open stream of events.
type stream struct {
	t      *testing.T
	header http.Header
	events chan tree // closed at the end of the stream
	seen   []tree
	offers []tree // that came, and were neither taken by a test nor rescinded
	cancel context.CancelFunc
}

// open sends a SUBSCRIBE and reads events in the background until the test ends.
func open(t *testing.T, url string, form codec.Codec, text string, call proto.Message, event func() proto.Message, header ...string) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(encode(t, form, text, call)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.MediaType())
	r.Header.Set("Accept", form.MediaType())
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := direct.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(resp.Body)
		t.Fatalf("SUBSCRIBE: %d %s", resp.StatusCode, body)
	}
	if got := resp.Header.Get("Content-Type"); got != form.MediaType() {
		t.Errorf("Content-Type of the stream is %q, want %q", got, form.MediaType())
	}
	if !slices.Equal(resp.TransferEncoding, []string{"chunked"}) {
		t.Errorf("the stream is sent as %v, want chunked", resp.TransferEncoding)
	}
	s := &stream{t: t, header: resp.Header, events: make(chan tree, 1000), cancel: cancel}
	go func() {
		defer close(s.events)
		records := recordio.NewReader(resp.Body, 1<<28)
		for {
			data, err := records.Read()
			if err != nil {
				return
			}
			s.events <- decode(t, form, data, event())
		}
	}()
	return s
}

// next returns the next event that is no heartbeat.
func (s *stream) next() tree {
	s.t.Helper()
	for {
		if e := s.any(); textAt(e, "type") != "HEARTBEAT" {
			return e
		}
	}
}

func (s *stream) any() tree {
	s.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case e, ok := <-s.events:
		if !ok {
			s.t.Fatalf("the stream ended; before it: %s", s.history())
		}
		s.seen = append(s.seen, e)
		s.keepOffers(e)
		return e
	case <-timer.C:
		s.t.Fatalf("no event in %v; before: %s", patience, s.history())
		return nil
	}
}

// keepOffers remembers offers until a test takes them.
func (s *stream) keepOffers(e tree) {
	list, _ := at(e, "offers", "offers").([]any)
	for _, one := range list {
		if offer, ok := one.(map[string]any); ok {
			s.offers = append(s.offers, offer)
		}
	}
	if gone := textAt(e, "rescind", "offer_id", "value"); gone != "" {
		s.offers = slices.DeleteFunc(s.offers, func(o tree) bool { return textAt(o, "id", "value") == gone })
	}
}

func (s *stream) history() string {
	text, _ := json.Marshal(s.seen)
	return string(text[max(0, len(text)-4000):])
}

// until skips events until one fits.
func (s *stream) until(what string, fits func(tree) bool) tree {
	s.t.Helper()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		if e := s.any(); fits(e) {
			return e
		}
	}
	s.t.Fatalf("no %s; events: %s", what, s.history())
	return nil
}

// event skips until an event of a type.
func (s *stream) event(kind string) tree {
	s.t.Helper()
	return s.until(kind, func(e tree) bool { return textAt(e, "type") == kind })
}

// ended waits for the end of the stream and returns what came before it.
func (s *stream) ended() []tree {
	s.t.Helper()
	var rest []tree
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case e, ok := <-s.events:
			if !ok {
				return rest
			}
			rest = append(rest, e)
		case <-timer.C:
			s.t.Fatal("the stream did not end")
		}
	}
}

// framework is a subscribed scheduler.
type framework struct {
	*stream
	form codec.Codec
	id   string
	sid  string // Mesos-Stream-Id
}

const schedulerPath = "/master/api/v1/scheduler"

func subscribeText(info string) string {
	return `{"type":"SUBSCRIBE","subscribe":{"framework_info":` + info + `}}`
}

// subscribe opens a scheduler's stream for a FrameworkInfo, and tears the framework down at the end of the test.
func subscribe(t *testing.T, form codec.Codec, info string) *framework {
	t.Helper()
	return subscribeWith(t, form, subscribeText(info))
}

func subscribeWith(t *testing.T, form codec.Codec, call string) *framework {
	t.Helper()
	s := open(t, masterURL()+schedulerPath, form, call, &scheduler.Call{}, func() proto.Message { return &scheduler.Event{} })
	f := &framework{stream: s, form: form, sid: s.header.Get("Mesos-Stream-Id")}
	e := s.any()
	if textAt(e, "type") != "SUBSCRIBED" {
		t.Fatalf("the first event is %v, want SUBSCRIBED", e)
	}
	f.id = textAt(e, "subscribed", "framework_id", "value")
	t.Cleanup(func() {
		ctx := context.Background()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, masterURL()+"/teardown", strings.NewReader("frameworkId="+f.id))
		if err != nil {
			t.Error(err)
			return
		}
		resp, err := direct.Do(r)
		if err != nil {
			t.Error(err)
			return
		}
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// send sends a call, written without framework_id, and returns the answer.
func (f *framework) send(call string) answer {
	f.t.Helper()
	text := `{"framework_id":{"value":` + strconv.Quote(f.id) + `},` + strings.TrimPrefix(strings.TrimSpace(call), "{")
	return post(f.t, masterURL()+schedulerPath, f.form, text, &scheduler.Call{}, "Mesos-Stream-Id", f.sid)
}

// do sends a call that must be taken: 202 with an empty body (spec 8, pitfall 4).
func (f *framework) do(call string) {
	f.t.Helper()
	a := f.send(call)
	if a.status != http.StatusAccepted || len(a.body) != 0 || a.header.Get("Content-Length") != "0" {
		f.t.Fatalf("%s: got %v with Content-Length %q, want 202 and nothing", call, a, a.header.Get("Content-Length"))
	}
}

// leave tears the framework down, so that what it was offered is there for the next.
func (f *framework) leave() {
	f.t.Helper()
	f.do(`{"type":"TEARDOWN"}`)
	f.ended()
}

// offer returns the oldest offer that no test has taken, and waits for one if there is none.
func (f *framework) offer() tree {
	f.t.Helper()
	for deadline := time.Now().Add(patience); len(f.offers) == 0; {
		if f.any(); time.Now().After(deadline) {
			f.t.Fatalf("no offer in %v; before: %s", patience, f.history())
		}
	}
	offer := f.offers[0]
	f.offers = f.offers[1:]
	return offer
}

// update waits for the next UPDATE of a task, acknowledges it if it has to be, and returns its status.
func (f *framework) update(task string) tree {
	f.t.Helper()
	e := f.until("UPDATE of "+task, func(e tree) bool {
		return textAt(e, "type") == "UPDATE" && textAt(e, "update", "status", "task_id", "value") == task
	})
	status, _ := at(e, "update", "status").(map[string]any)
	if uuid := textAt(status, "uuid"); uuid != "" {
		f.do(fmt.Sprintf(`{"type":"ACKNOWLEDGE","acknowledge":{"agent_id":{"value":%q},"task_id":{"value":%q},"uuid":%q}}`,
			textAt(status, "agent_id", "value"), task, uuid))
	}
	return status
}

// reaches takes updates of a task until it is in a state.
func (f *framework) reaches(task, state string) tree {
	f.t.Helper()
	for {
		status := f.update(task)
		switch got := textAt(status, "state"); {
		case got == state:
			return status
		case slices.Contains([]string{"TASK_FAILED", "TASK_ERROR", "TASK_LOST", "TASK_DROPPED", "TASK_KILLED", "TASK_FINISHED"}, got):
			f.t.Fatalf("%s is %v, want %s", task, status, state)
		}
	}
}

// small is what a task of these tests takes.
const small = `[{"name":"cpus","type":"SCALAR","scalar":{"value":0.1}},{"name":"mem","type":"SCALAR","scalar":{"value":32}}]`

// task is a TaskInfo; more is further members with a comma in front.
func taskInfo(id, agent, resources, more string) string {
	return fmt.Sprintf(`{"name":%q,"task_id":{"value":%q},"agent_id":{"value":%q},"resources":%s%s}`, id, id, agent, resources, more)
}

func command(text string) string {
	return fmt.Sprintf(`,"command":{"value":%q}`, text)
}

// accept launches tasks on offers.
func accept(offers []string, tasks ...string) string {
	ids := make([]string, len(offers))
	for i, id := range offers {
		ids[i] = fmt.Sprintf(`{"value":%q}`, id)
	}
	return fmt.Sprintf(`{"type":"ACCEPT","accept":{"offer_ids":[%s],"operations":[{"type":"LAUNCH","launch":{"task_infos":[%s]}}],"filters":{"refuse_seconds":0}}}`,
		strings.Join(ids, ","), strings.Join(tasks, ","))
}

// launch waits for an offer and launches a command on it.
func (f *framework) launch(id, shell string) (agent string) {
	f.t.Helper()
	offer := f.offer()
	agent = textAt(offer, "agent_id", "value")
	f.do(accept([]string{textAt(offer, "id", "value")}, taskInfo(id, agent, small, command(shell))))
	return agent
}

// multiRole is a FrameworkInfo with capabilities; names need not differ.
func infoWith(roles string, capabilities ...string) string {
	list := make([]string, len(capabilities))
	for i, c := range capabilities {
		list[i] = fmt.Sprintf(`{"type":%q}`, c)
	}
	return fmt.Sprintf(`{"user":"root","name":"conformance","roles":%s,"capabilities":[%s]}`, roles, strings.Join(list, ","))
}

const plainInfo = `{"user":"root","name":"conformance"}`
