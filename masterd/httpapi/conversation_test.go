package httpapi_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// conversation is one request that was sent to a real Mesos, and its answer.
type conversation struct {
	Method, Path string
	Header       map[string]string
	Body         string
	Status       int
	AnswerHeader map[string]string `json:"answer_header"`
	Answer       string
	Cut          bool // the answer was too long to keep
}

// The framework that was subscribed during the recorded conversations.
const (
	recordedFramework = "ecc48a9e-f9a7-4b8f-8d2e-4795e6c073d3-0027"
	recordedStream    = "d449d36d-a243-4ce7-bb19-20ccec8b1254"
)

// TestConversationsOfMesos repeats what a real Mesos was asked, odd and malformed calls mostly, and wants its answers:
// status, body and the headers that clients look at.
func TestConversationsOfMesos(t *testing.T) {
	data, err := os.ReadFile("testdata/conversations.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []conversation
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	m := newMaster(t)
	m.agent(t)
	server := httptest.NewServer(m.handler)
	defer server.Close()
	client := &http.Client{
		Transport:     &http.Transport{DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	ours := strings.NewReplacer()
	subscribed := false
	for _, c := range all {
		if c.Path == "/help" {
			continue // pages for browsers are not part of Reeve
		}
		if strings.Contains(c.Body, recordedFramework) && !subscribed {
			subscribed = true
			framework, stream := subscribe(t, client, server.URL)
			ours = strings.NewReplacer(recordedFramework, framework, recordedStream, stream)
		}
		name := c.Method + " " + c.Path + " " + c.Body
		t.Run(name[:min(len(name), 100)], func(t *testing.T) { repeat(t, client, server.URL, c, ours) })
	}
	if len(all) != 49 {
		t.Errorf("there are %d conversations, want 49", len(all))
	}
}

func repeat(t *testing.T, client *http.Client, url string, c conversation, ours *strings.Replacer) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), c.Method, url+c.Path, strings.NewReader(ours.Replace(c.Body)))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range c.Header {
		r.Header.Set(name, ours.Replace(value))
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body := whole(t, answer)
	if answer.StatusCode != c.Status {
		t.Errorf("status is %d, want %d; body %s", answer.StatusCode, c.Status, body)
	}
	want := strings.TrimPrefix(ours.Replace(c.Answer), "<stream>")
	if !c.Cut && body != want {
		t.Errorf("body, got (-), want (+):\n%s", cmp.Diff(body, want))
	}
	for _, name := range []string{"Content-Type", "Allow", "Location"} {
		if got, want := answer.Header.Get(name), c.AnswerHeader[name]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if c.AnswerHeader["Content-Length"] == "0" && answer.Header.Get("Content-Length") != "0" {
		t.Errorf("Content-Length is %q, want 0", answer.Header.Get("Content-Length"))
	}
	if answer.Header.Get("Date") == "" {
		t.Error("there is no Date")
	}
	if (answer.Header.Get("Mesos-Stream-Id") != "") != (c.AnswerHeader["Mesos-Stream-Id"] != "") {
		t.Errorf("Mesos-Stream-Id is %q", answer.Header.Get("Mesos-Stream-Id"))
	}
}

const multiRole = `{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"root","name":"errs","roles":["*"],
	"capabilities":[{"type":"MULTI_ROLE"}]}}}`

// subscribe opens a stream that lasts as long as the test, and returns the ids of framework and stream.
func subscribe(t *testing.T, client *http.Client, url string) (framework, stream string) {
	t.Helper()
	answer := post(t, client, url+"/api/v1/scheduler", multiRole)
	t.Cleanup(func() { _ = answer.Body.Close() })
	var event struct {
		Subscribed struct {
			FrameworkID struct{ Value string } `json:"framework_id"`
		}
	}
	if err := json.Unmarshal([]byte(record(t, bufio.NewReader(answer.Body))), &event); err != nil {
		t.Fatal(err)
	}
	return event.Subscribed.FrameworkID.Value, answer.Header.Get("Mesos-Stream-Id")
}

// record reads one record of a stream.
func record(t *testing.T, from *bufio.Reader) string {
	t.Helper()
	head, err := from.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSuffix(head, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, n)
	if _, err := io.ReadFull(from, data); err != nil {
		t.Fatal(err)
	}
	return string(data)
}
