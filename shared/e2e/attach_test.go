package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/recordio"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Who attaches to a task with a terminal sees what it shows, and can type.
func TestAttachToATask(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r := start(t, 1, 1)
	done := make(chan result, 1)
	go func() {
		done <- r.reeve("execute", "--name=shell", "--tty", `--command=stty -echo; echo ready; while read line; do test "$line" = end && exit 7; echo "got $line"; done`)
	}()
	task := r.await("a running task", func(ts []reeveapi.Task) bool { return all(ts, 1, "TASK_RUNNING") })[0]
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	post := func(contentType, accept string, body io.Reader) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+r.Agents[0].Addresses.HTTP+"/api/v1", body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", contentType)
		req.Header.Set("Accept", accept)
		if contentType == "application/recordio" {
			req.Header.Set("Message-Content-Type", "application/json")
		} else {
			req.Header.Set("Message-Accept", "application/json")
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != http.StatusOK {
			text, _ := io.ReadAll(resp.Body)
			t.Fatalf("%s: %s", resp.Status, text)
		}
		return resp
	}
	id := fmt.Sprintf(`{"value":%q}`, task.Container)
	out := post("application/json", "application/recordio", strings.NewReader(`{"type":"ATTACH_CONTAINER_OUTPUT","attach_container_output":{"container_id":`+id+`}}`))
	defer func() { _ = out.Body.Close() }() // only read
	var input bytes.Buffer
	for _, message := range []string{
		`{"type":"CONTAINER_ID","container_id":` + id + `}`,
		`{"type":"PROCESS_IO","process_io":{"type":"CONTROL","control":{"type":"TTY_INFO","tty_info":{"window_size":{"rows":10,"columns":20}}}}}`,
		`{"type":"PROCESS_IO","process_io":{"type":"DATA","data":{"type":"STDIN","data":"aGVsbG8K"}}}`, // hello
		`{"type":"PROCESS_IO","process_io":{"type":"DATA","data":{"type":"STDIN","data":"ZW5kCg=="}}}`, // end
	} {
		record := []byte(`{"type":"ATTACH_CONTAINER_INPUT","attach_container_input":` + message + `}`)
		fmt.Fprintf(&input, "%d\n%s", len(record), record)
	}
	if err := post("application/recordio", "application/json", &input).Body.Close(); err != nil {
		t.Fatal(err)
	}
	var seen strings.Builder
	for reader := recordio.NewReader(out.Body, 1<<20); ; {
		record, err := reader.Read()
		if err != nil {
			break
		}
		var io struct {
			Data struct{ Data []byte }
		}
		if err := json.Unmarshal(record, &io); err != nil {
			t.Fatal(err)
		}
		seen.Write(io.Data.Data)
	}
	if !strings.Contains(seen.String(), "got hello\r\n") {
		t.Errorf("attached, one saw %q", seen.String())
	}
	if got := <-done; !strings.Contains(got.stdout, "Command exited with status 7") {
		t.Errorf("the task: %s%s", got.stdout, got.stderr)
	}
}
