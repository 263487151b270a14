package network

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"codeberg.org/reeve/reeve/agentd/runtime"
)

// IsOurs says whether a process is in the network of this one. A container never changes its network.
func IsOurs(pid int) (bool, error) {
	ours, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return false, err
	}
	theirs, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "ns", "net"))
	return ours == theirs, err
}

// Traffic counts what goes through a process's network: nothing if there is no process any more.
func Traffic(pid int) (*runtime.Net, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "net", "dev"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return new(parseNetDev(string(text))), nil
}

// parseNetDev sums the interfaces of /proc/net/dev but the loopback.
func parseNetDev(text string) runtime.Net {
	var sum runtime.Net
	for line := range strings.SplitSeq(text, "\n") {
		name, rest, ok := strings.Cut(line, ":")
		fields := strings.Fields(rest)
		if !ok || strings.TrimSpace(name) == "lo" || len(fields) < 12 {
			continue
		}
		for i, into := range map[int]*int64{
			0: &sum.ReceiveBytes, 1: &sum.ReceivePackets, 2: &sum.ReceiveErrors, 3: &sum.ReceiveDropped,
			8: &sum.SendBytes, 9: &sum.SendPackets, 10: &sum.SendErrors, 11: &sum.SendDropped,
		} {
			n, err := strconv.ParseInt(fields[i], 10, 64)
			if err == nil {
				*into += n
			}
		}
	}
	return sum
}
