package conformance

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
)

// dial opens a bare connection to the master.
func dial(t *testing.T) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.DialTimeout("tcp", cluster.Masters[0].Addresses.HTTP, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c, bufio.NewReader(c)
}

func write(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

func readAnswer(t *testing.T, r *bufio.Reader) answer {
	t.Helper()
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, body}
}

// TestChunkedAndPipelined: bodies in chunks, several requests before the first answer, answers in order, and a connection
// that stays (spec 1.7).
func TestChunkedAndPipelined(t *testing.T) {
	c, r := dial(t)
	chunked := "POST /api/v1 HTTP/1.1\r\nHost: m\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" +
		"9\r\n{\"type\":\"\r\nc\r\nGET_HEALTH\"}\r\n0\r\n\r\n"
	plain := "GET /version HTTP/1.1\r\nHost: m\r\n\r\n"
	write(t, c, chunked+plain+chunked)
	for i, want := range []string{`"get_health"`, `"build_date"`, `"get_health"`} {
		a := readAnswer(t, r)
		if a.status != http.StatusOK || !strings.Contains(string(a.body), want) {
			t.Errorf("answer %d is %v, want %s in it", i, a, want)
		}
		if a.header.Get("Date") == "" || a.header.Get("Connection") != "" {
			t.Errorf("answer %d has headers %v, want a Date and no Connection", i, a.header)
		}
	}
}

// TestSubscribeOnAClosingConnection: mesos-go asks for the end of the connection with its SUBSCRIBE, and the stream has to
// stay open (spec 8, pitfall 2).
func TestSubscribeOnAClosingConnection(t *testing.T) {
	c, r := dial(t)
	body := subscribeText(`{"user":"root","name":"closing"}`)
	write(t, c, fmt.Sprintf("POST /master/api/v1/scheduler HTTP/1.1\r\nHost: m\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = c.Close(), resp.Body.Close() }() // in this order: the body's Close reads to its end
	seen := ""
	for buf := make([]byte, 4096); !strings.Contains(seen, "OFFERS"); {
		n, err := resp.Body.Read(buf)
		if err != nil {
			t.Fatalf("the stream ended: %v after %s", err, seen)
		}
		seen += string(buf[:n])
	}
}

// TestOneChunkForOneRecord: records are framed by their length, and each is flushed in a chunk of its own (spec 1.8).
func TestOneChunkForOneRecord(t *testing.T) {
	c, r := dial(t)
	body := subscribeText(`{"user":"root","name":"chunks"}`)
	write(t, c, fmt.Sprintf("POST /api/v1/scheduler HTTP/1.1\r\nHost: m\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	for line, err := r.ReadString('\n'); line != "\r\n"; line, err = r.ReadString('\n') {
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		var size, length int
		if _, err := fmt.Fscanf(r, "%x\r\n", &size); err != nil {
			t.Fatal(err)
		}
		chunk := make([]byte, size+2)
		if _, err := io.ReadFull(r, chunk); err != nil {
			t.Fatal(err)
		}
		head, rest, _ := bytes.Cut(chunk[:size], []byte("\n"))
		if _, err := fmt.Sscanf(string(head), "%d", &length); err != nil || length != len(rest) {
			t.Errorf("a chunk is %q, want one record", chunk)
		}
	}
}

// TestContentNegotiation holds the two headers against 1.4 and 1.5.
func TestContentNegotiation(t *testing.T) {
	health := `{"type":"GET_HEALTH"}`
	binary := string(encode(t, codec.Protobuf, health, &master.Call{}))
	for name, test := range map[string]struct {
		body, contentType string
		accept            []string
		status            int
		answered          string
	}{
		"json":                 {health, "application/json", []string{"application/json"}, 200, "application/json"},
		"json to protobuf":     {health, "application/json", []string{"application/x-protobuf"}, 200, "application/x-protobuf"},
		"protobuf to json":     {binary, "application/x-protobuf", []string{"application/json"}, 200, "application/json"},
		"no accept":            {binary, "application/x-protobuf", nil, 200, "application/json"},
		"anything":             {health, "application/json", []string{"*/*"}, 200, "application/json"},
		"any application":      {health, "application/json", []string{"application/*"}, 200, "application/json"},
		"both, json wins":      {health, "application/json", []string{"application/x-protobuf;q=1, application/json;q=0.1"}, 200, "application/json"},
		"json excluded":        {health, "application/json", []string{"application/json;q=0, application/x-protobuf"}, 200, "application/x-protobuf"},
		"last line counts":     {health, "application/json", []string{"application/json", "application/x-protobuf"}, 200, "application/x-protobuf"},
		"html":                 {health, "application/json", []string{"text/html"}, 406, "text/plain; charset=utf-8"},
		"type of text":         {health, "text/plain", nil, 415, "text/plain; charset=utf-8"},
		"application/protobuf": {binary, "application/protobuf", nil, 415, "text/plain; charset=utf-8"},
		"protobuf in json":     {"\x08\x01", "application/json", nil, 400, "text/plain; charset=utf-8"},
		"json in protobuf":     {health, "application/x-protobuf", nil, 400, "text/plain; charset=utf-8"},
		"empty":                {"", "application/json", nil, 400, "text/plain; charset=utf-8"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, url := range []string{masterURL() + "/api/v1", masterURL() + "/master/api/v1/", agentURL() + "/slave(1)/api/v1", agentURL() + "/slave%281%29/api/v1"} {
				header := []string{"Content-Type", test.contentType}
				for _, one := range test.accept {
					header = append(header, "Accept", one)
				}
				a := ask(t, http.MethodPost, url, []byte(test.body), header...)
				if a.status != test.status || a.header.Get("Content-Type") != test.answered {
					t.Errorf("%s: got %v as %q, want %d as %q", url, a, a.header.Get("Content-Type"), test.status, test.answered)
				}
			}
		})
	}
}

// TestGzip: bodies of 1024 bytes and more are packed for those who ask, requests may be packed, streams never are.
func TestGzip(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := io.WriteString(w, `{"type":"GET_METRICS","get_metrics":{}}`); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	a := ask(t, http.MethodPost, masterURL()+"/api/v1", packed.Bytes(), "Content-Type", "application/json",
		"Content-Encoding", "gzip", "Accept-Encoding", "gzip")
	if a.status != http.StatusOK || a.header.Get("Content-Encoding") != "gzip" {
		t.Errorf("got %d with %v, want it packed", a.status, a.header)
	}
	small := ask(t, http.MethodGet, masterURL()+"/version", nil, "Accept-Encoding", "gzip")
	if small.header.Get("Content-Encoding") != "" {
		t.Error("a small answer is packed")
	}
}

// TestSilentConnections: a call connection may be silent before its first call and between calls (spec 8, pitfall 1).
func TestSilentConnections(t *testing.T) {
	c, r := dial(t)
	for range 2 {
		quiet := time.NewTimer(1500 * time.Millisecond) // as long as a test may wait; the servers have no time-out at all
		<-quiet.C
		write(t, c, "GET /health HTTP/1.1\r\nHost: m\r\n\r\n")
		if a := readAnswer(t, r); a.status != http.StatusOK {
			t.Errorf("got %v", a)
		}
	}
}
