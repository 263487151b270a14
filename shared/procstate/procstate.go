// Package procstate says what the kernel tells of processes that ought to have ended: their state, what they wait for, and
// who has to wait for them. It reads /proc and changes nothing. Start reading at Explain.
package procstate

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Process is one process at one moment.
type Process struct {
	PID, Parent int
	Name        string
	State       string // a letter, as of proc(5): R, S, D, T, Z, …
	Waits       string // the kernel's function that it sleeps in; "" if it does not, or it is not told
}

// Read looks at a process; the error wraps fs.ErrNotExist if there is none.
func Read(pid int) (Process, error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	data, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return Process{}, err
	}
	p := Process{PID: pid}
	head, rest, _ := cutLast(string(data), ") ") // a name may have anything in it
	_, p.Name, _ = strings.Cut(head, " (")
	fields := strings.Fields(rest)
	if len(fields) < 2 {
		return p, fmt.Errorf("read %s/stat: %q has no state", dir, data)
	}
	p.State = fields[0]
	if p.Parent, err = strconv.Atoi(fields[1]); err != nil {
		return p, fmt.Errorf("read %s/stat: %w", dir, err)
	}
	if waits, err := os.ReadFile(filepath.Join(dir, "wchan")); err == nil && string(waits) != "0" && p.State != "Z" { // older kernels say where a zombie ended
		p.Waits = string(waits)
	}
	return p, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// String is a process for people: 123 (sleep) S in hrtimer_nanosleep.
func (p Process) String() string {
	text := fmt.Sprintf("%d (%s) %s", p.PID, p.Name, p.State)
	if p.Waits != "" {
		text += " in " + p.Waits
	}
	return text
}

// All lists the processes that there are.
func All() ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// Sharing lists the processes of a process's pid namespace, itself and those that have ended and were not waited for among
// them. A process that is not ours to look at is not found.
func Sharing(pid int) ([]int, error) {
	namespace, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid))
	if err != nil {
		return nil, err // it has ended
	}
	pids, err := All()
	return slices.DeleteFunc(pids, func(other int) bool {
		of, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", other))
		return err != nil || of != namespace
	}), err
}

// Below lists what a process has started, and what that has, itself first.
func Below(pid int) ([]int, error) {
	all, err := All()
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, other := range all {
		if p, err := Read(other); err == nil { // it may have ended meanwhile
			children[p.Parent] = append(children[p.Parent], other)
		}
	}
	found := []int{pid}
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i]]...)
	}
	return found, nil
}

// explained bounds how many processes Explain names.
const explained = 10

// Explain says in a line why the first process of a pid namespace may still be there although it was killed: the kernel lets it go
// when every other process of the namespace has been waited for, by whoever started it.
func Explain(pid int) string {
	first, err := Read(pid)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Sprintf("process %d is not there any more", pid)
	}
	if err != nil {
		return err.Error()
	}
	text := "process " + first.String() + ofParent(first)
	others, err := Sharing(pid)
	if err != nil || slices.Contains(others, os.Getpid()) { // whoever is beside it has nothing to do with it
		return text
	}
	others = slices.DeleteFunc(others, func(other int) bool { return other == pid })
	if len(others) == 0 {
		return text + "; it is alone"
	}
	text += "; beside it"
	for i, other := range others {
		if i == explained {
			return fmt.Sprintf("%s and %d more", text, len(others)-i)
		}
		text += ", " + Describe(other)
	}
	return text
}

// Describe is a process and who has to wait for it, for people; "" if there is none.
func Describe(pid int) string {
	p, err := Read(pid)
	if err != nil {
		return ""
	}
	return p.String() + ofParent(p)
}

func ofParent(p Process) string {
	parent, err := Read(p.Parent)
	if err != nil {
		return ""
	}
	return " of " + parent.String()
}

// dumped are the files of a process that Dump copies.
var dumped = []string{"stat", "wchan", "stack", "status", "cgroup"}

// Dump writes all that /proc has of some processes, for who has to find out why they are there. What has ended, or is not ours
// to look at, is said.
func Dump(w io.Writer, pids ...int) error {
	for _, pid := range pids {
		for _, name := range dumped {
			path := fmt.Sprintf("/proc/%d/%s", pid, name)
			data, err := os.ReadFile(path)
			if err != nil {
				data = []byte(err.Error())
			}
			if _, err := fmt.Fprintf(w, "%s:\n%s\n", path, strings.TrimSpace(string(data))); err != nil {
				return err
			}
		}
	}
	return nil
}
