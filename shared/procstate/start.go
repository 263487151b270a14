package procstate

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// StartTicks returns when a process that runs was started, in the kernel's ticks, 0 for one that does not: with it a pid
// names one process for ever.
func StartTicks(pid int) uint64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The name in brackets may hold anything; the state is the first field behind it, the start time the 20th.
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" {
		return 0
	}
	start, err := strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return 0
	}
	return start
}

// StartedAt is when a process that runs was started, on today's clock. told is what the clock of then said: if somebody has
// set it since, the kernel knows better, which counts from the host's boot.
func StartedAt(pid int, told time.Time) time.Time {
	const tick = 10 * time.Millisecond // of /proc, on every Linux
	ticks := StartTicks(pid)
	var boot unix.Timespec
	if ticks == 0 || unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil {
		return told
	}
	at := time.Now().Add(time.Duration(ticks)*tick - time.Duration(boot.Nano())) // #nosec G115 -- 2^63 ns of uptime are centuries
	if off := at.Sub(told); off.Abs() < time.Second {
		return told
	}
	return at
}
