package network

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/agentd/runtime"
)

func TestParseNetDev(t *testing.T) {
	const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 900 9 9 9 0 0 0 0 900 9 9 9 0 0 0 0
  eth0: 100 2 3 4 0 0 0 0 50 6 7 8 0 0 0 0
  eth1:10 1 0 0 0 0 0 0 5 1 0 0 0 0 0 0
`
	want := runtime.Net{
		ReceiveBytes: 110, ReceivePackets: 3, ReceiveErrors: 3, ReceiveDropped: 4, SendBytes: 55, SendPackets: 7, SendErrors: 7, SendDropped: 8,
	}
	if diff := cmp.Diff(parseNetDev(text), want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}
