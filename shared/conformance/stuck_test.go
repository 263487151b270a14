package conformance

import (
	"fmt"
	"net"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
)

// stuck opens a stream, reads its head, and never anything more.
func stuck(t *testing.T, address, request string) {
	t.Helper()
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if tcp, ok := c.(*net.TCPConn); ok {
		if err := tcp.SetReadBuffer(4096); err != nil { // so that the daemon soon notices
			t.Fatal(err)
		}
	}
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	write(t, c, request)
	head := make([]byte, len("HTTP/1.1 200"))
	if _, err := c.Read(head); err != nil || string(head) != "HTTP/1.1 200" {
		t.Fatalf("%q, %v", head, err)
	}
}

func postText(path, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: m\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
}

// TestStuckReaders: peers that open every kind of stream and read none of it slow nobody. When such a stream is cut off is
// tested with its outbox.
func TestStuckReaders(t *testing.T) {
	address := cluster.Masters[0].Addresses.HTTP
	suppressed := `{"type":"SUBSCRIBE","subscribe":{"suppressed_roles":["*"],"framework_info":{"user":"root","name":"stuck","roles":["*"],"capabilities":[{"type":"MULTI_ROLE"}]}}}`
	for range 5 {
		stuck(t, address, postText("/api/v1/scheduler", suppressed))
		stuck(t, address, postText("/api/v1", `{"type":"SUBSCRIBE"}`))
		stuck(t, address, "GET /reeve/v1/watch HTTP/1.1\r\nHost: m\r\n\r\n")
	}
	watching := open(t, masterURL()+"/api/v1", codec.JSON, `{"type":"SUBSCRIBE"}`, &master.Call{}, func() proto.Message { return &master.Event{} })
	f := subscribe(t, codec.Protobuf, plainInfo)
	for i := range 20 {
		id := fmt.Sprintf("t%d", i)
		f.launch(id, "true")
		f.reaches(id, "TASK_FINISHED")
		watching.until(id, func(e tree) bool {
			return textAt(e, "task_updated", "status", "task_id", "value") == id && textAt(e, "task_updated", "state") == "TASK_FINISHED"
		})
	}
}
