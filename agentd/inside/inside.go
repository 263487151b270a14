// Package inside looks into a running container from the host: its processes, and the connections of its network. It reads
// /proc, changes nothing and keeps nothing. Start reading at Processes.
package inside

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

const (
	proc  = "/proc"
	ticks = 100  // of the kernel's clock, a second
	most  = 500  // processes that are told of
	long  = 1000 // bytes of a command line
)

// Processes lists what runs in the namespace of a process, by the ids on the host. pid is the first process of a container.
func Processes(pid int) ([]reeveapi.Process, error) {
	space, err := os.Readlink(filepath.Join(proc, strconv.Itoa(pid), "ns", "pid"))
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "cannot look into the container of process %d", pid)
	}
	entries, err := os.ReadDir(proc)
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	booted, err := bootTime()
	if err != nil {
		return nil, err
	}
	var list []reeveapi.Process
	for _, e := range entries {
		id, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		dir := filepath.Join(proc, e.Name())
		if theirs, err := os.Readlink(filepath.Join(dir, "ns", "pid")); err != nil || theirs != space {
			continue // another's, or it has just ended
		}
		p, err := read(dir, id, booted)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if list = append(list, p); len(list) == most {
			break
		}
	}
	slices.SortFunc(list, func(a, b reeveapi.Process) int { return cmp.Compare(a.Host, b.Host) })
	return list, nil
}

// read looks at one process.
func read(dir string, id int, booted time.Time) (reeveapi.Process, error) {
	p := reeveapi.Process{PID: id, Host: id}
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return p, err
	}
	name, err := parseStat(string(stat), booted, &p)
	if err != nil {
		return p, fmt.Errorf("read %s/stat: %w", dir, err)
	}
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return p, err
	}
	parseStatus(string(status), &p)
	command, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil {
		return p, err
	}
	p.Command = strings.TrimSpace(strings.ReplaceAll(string(command[:min(len(command), long)]), "\x00", " "))
	if p.Command == "" { // it has none any more, or never had
		p.Command = "[" + name + "]"
	}
	return p, nil
}

// parseStat reads what stands behind the name, which may have anything in it; the fields are counted as in proc(5).
func parseStat(text string, booted time.Time, p *reeveapi.Process) (name string, err error) {
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return "", fmt.Errorf("%q has no name", text)
	}
	fields := strings.Fields(text[end+1:])
	if len(fields) < 22 {
		return "", fmt.Errorf("%q is too short", text)
	}
	number := func(field int) int64 {
		n, parsed := strconv.ParseInt(fields[field-3], 10, 64)
		err = errors.Join(err, parsed)
		return n
	}
	p.State, p.Parent, p.Threads = fields[0], int(number(4)), int(number(20))
	p.Seconds = float64(number(14)+number(15)) / ticks
	p.Started = booted.Add(time.Duration(number(22)) * time.Second / ticks)
	p.Bytes = number(24) * int64(os.Getpagesize())
	return text[open+1 : end], err
}

// parseStatus reads who it is, and its id in the innermost namespace.
func parseStatus(text string, p *reeveapi.Process) {
	for line := range strings.SplitSeq(text, "\n") {
		name, value, _ := strings.Cut(line, ":")
		fields := strings.Fields(value)
		if len(fields) == 0 {
			continue
		}
		switch name {
		case "Uid":
			p.User = fields[0]
		case "NSpid":
			if id, err := strconv.Atoi(fields[len(fields)-1]); err == nil {
				p.PID = id
			}
		}
	}
}

func bootTime() (time.Time, error) {
	text, err := os.ReadFile(filepath.Join(proc, "stat"))
	if err != nil {
		return time.Time{}, fmt.Errorf("ask when the host was booted: %w", err)
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if value, found := strings.CutPrefix(line, "btime "); found {
			seconds, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
			return time.Unix(seconds, 0), err
		}
	}
	return time.Time{}, errors.New("ask when the host was booted: /proc/stat has no btime")
}

// Connections counts the established TCP connections in the network of a process; false if that is also this program's, where
// nobody knows whose they are.
func Connections(pid int) (count int, own bool) {
	dir := filepath.Join(proc, strconv.Itoa(pid))
	theirs, err := os.Readlink(filepath.Join(dir, "ns", "net"))
	if err != nil {
		return 0, false
	}
	if ours, err := os.Readlink(filepath.Join(proc, "self", "ns", "net")); err != nil || ours == theirs {
		return 0, false
	}
	for _, name := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(filepath.Join(dir, "net", name))
		if err == nil { // a kernel may have no IPv6
			count += established(string(text))
		}
	}
	return count, true
}

func established(text string) int {
	count := 0
	for line := range strings.SplitSeq(text, "\n") {
		if fields := strings.Fields(line); len(fields) > 3 && fields[3] == "01" {
			count++
		}
	}
	return count
}
