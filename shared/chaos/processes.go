package chaos

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// process is one of the machine.
type process struct {
	pid, parent int
	command     string // its arguments, with blanks between them
}

// processes lists those that there are now.
func processes() []process {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var list []process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		command, err := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if err != nil || len(command) == 0 {
			continue // it has ended, or is the kernel's
		}
		stat, err := os.ReadFile(filepath.Join("/proc", e.Name(), "stat"))
		if err != nil {
			continue
		}
		list = append(list, process{pid, parentOf(stat), string(bytes.TrimSpace(bytes.ReplaceAll(command, []byte{0}, []byte{' '})))})
	}
	return list
}

// parentOf reads the fourth field; the second may hold anything, but ends with the last bracket.
func parentOf(stat []byte) int {
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 2 {
		return 0
	}
	parent, err := strconv.Atoi(fields[1])
	if err != nil {
		return 0
	}
	return parent
}

// shims are those of an agent, and inits the first processes of their containers.
func (d *daemon) shims() (shims, inits []process) {
	all := processes()
	for _, p := range all {
		if strings.Contains(p.command, "--runtime "+d.dir+"r ") && strings.Contains(p.command, "serve") {
			shims = append(shims, p)
		}
	}
	for _, p := range all {
		for _, shim := range shims {
			if p.parent == shim.pid {
				inits = append(inits, p)
			}
		}
	}
	return shims, inits
}

// strike kills one of the processes.
func strike(list []process, pick uint32) (string, error) {
	if len(list) == 0 {
		return "there is none", nil
	}
	p := list[int(pick%uint32(len(list)))]
	if err := syscall.Kill(p.pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return "", fmt.Errorf("kill %d (%s): %w", p.pid, p.command, err)
	}
	return fmt.Sprintf("pid %d", p.pid), nil
}
