package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// userHZ is the unit of /proc/<pid>/stat on every Linux.
const userHZ = 100

// CPUTime is what a process has used so far, in both modes and all threads; 0 for one that has gone.
func CPUTime(pid int) time.Duration { return cpuTime(pid, 11, 12) }

// CPUTimeOfAll is CPUTime with that of the children that have ended, and theirs.
func CPUTimeOfAll(pid int) time.Duration { return cpuTime(pid, 11, 12, 13, 14) }

func cpuTime(pid int, which ...int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The name in brackets may hold anything; behind it user and system time are the fields 12 and 13, and the children's follow.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	var ticks int64
	for _, i := range which {
		if i < len(fields) {
			n, _ := strconv.ParseInt(fields[i], 10, 64) // a number, by the kernel's word
			ticks += n
		}
	}
	return time.Duration(ticks) * time.Second / userHZ
}

// PrivateMemory is what a process shares with nobody, in bytes; 0 for one that has gone.
func PrivateMemory(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0
	}
	var sum int64
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) == 3 && strings.HasPrefix(fields[0], "Private_") {
			kb, _ := strconv.ParseInt(fields[1], 10, 64) // a number, by the kernel's word
			sum += kb << 10
		}
	}
	return sum
}

// Children are the processes that a process has started, without theirs.
func Children(pid int) []int {
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil
	}
	var all []int
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue // the thread has ended
		}
		for field := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				all = append(all, child)
			}
		}
	}
	return all
}
