package shimapi

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
)

func TestRoundTrip(t *testing.T) {
	want := []Reply{
		{ID: 1, Hello: &Hello{Version: Version, Binary: "b", PID: 7, Containers: []Container{{ID: "a", PID: 8, Started: time.Unix(5, 6).UTC()}}}},
		{ID: 2, Error: NewError(fault.New(fault.Invalid, "no"))},
		{Exited: &Container{ID: "a", Exit: &runtime.Exit{WaitStatus: 256, OOMKilled: true, Message: "m"}}},
	}
	var buf bytes.Buffer
	for _, reply := range want {
		if err := Write(&buf, reply); err != nil {
			t.Fatal(err)
		}
	}
	var got []Reply
	for {
		var reply Reply
		err := Read(&buf, &reply)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, reply)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	if err := got[1].Error.Err(); fault.KindOf(err) != fault.Invalid || err.Error() != "no" {
		t.Errorf("error came back as %v (%v)", err, fault.KindOf(err))
	}
}

func TestReadRefuses(t *testing.T) {
	tests := []struct{ name, data, want string }{
		{"too long", "\xff\xff\xff\xff", "longer than"},
		{"cut head", "\x00\x00", "unexpected EOF"},
		{"cut body", "\x00\x00\x00\x05{", "unexpected EOF"},
		{"no JSON", "\x00\x00\x00\x01{", "decode"},
	}
	for _, test := range tests {
		err := Read(strings.NewReader(test.data), &Request{})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}

// FuzzRead: whatever arrives, reading ends in a message that can be sent again, or in an error.
func FuzzRead(f *testing.F) {
	var buf bytes.Buffer
	if err := Write(&buf, Request{ID: 3, Op: OpSignal, Container: "c", Signal: 15, All: true}); err != nil {
		f.Fatal(err)
	}
	f.Add(buf.Bytes())
	f.Add([]byte("\x00\x00\x00\x02{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var request Request
		if Read(bytes.NewReader(data), &request) != nil {
			return
		}
		var buf bytes.Buffer
		if err := Write(&buf, request); err != nil {
			t.Fatal(err)
		}
		var again Request
		if err := Read(&buf, &again); err != nil {
			t.Fatal(err)
		}
		if again.ID != request.ID || again.Op != request.Op || again.Container != request.Container {
			t.Errorf("got %+v, want %+v", again, request)
		}
	})
}
