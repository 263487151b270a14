package checkpoint

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/shared/fault"
)

// replace puts content into dir/name so that a reader, or the next start, sees the old content or the new, whole.
func replace(dir, name string, content []byte) error {
	tmp, err := os.CreateTemp(dir, name+".*.tmp")
	if err != nil {
		return err
	}
	_, err = tmp.Write(content)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // the write has failed already, and says so
		return err
	}
	return syncDir(dir)
}

// syncDir makes a rename in dir survive the host's power.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// dataSync makes what was appended survive; metadata that reading does not need may come later.
func dataSync(file *os.File) error { return unix.Fdatasync(int(file.Fd())) }

// portName is the file that remembers the port of the agent's API.
const portName = "http-port"

// RememberPort writes down which port the agent's API got.
func RememberPort(dir string, port int) error {
	if RememberedPort(dir) == port {
		return nil // a disk that is full must not keep agentd from coming back
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("remember the port: %w", err)
	}
	if err := replace(dir, portName, []byte(strconv.Itoa(port))); err != nil {
		return fmt.Errorf("remember the port: %w", err)
	}
	return nil
}

// RememberedPort is the port of the agent before, 0 if there was none: executors that live on know the agent by it.
func RememberedPort(dir string) int {
	data, err := os.ReadFile(filepath.Join(dir, portName))
	if err != nil {
		return 0
	}
	port, err := strconv.Atoi(string(data))
	if err != nil || port < 1 || port > 65535 {
		return 0
	}
	return port
}

// lockName is the file that the owner of a work directory holds locked.
const lockName = "agentd.lock"

// Lock is the right to a work directory, or to an agent's id.
type Lock struct {
	file *os.File
	path string // goes with it; "" stays
}

// Acquire takes the work directory for this process, or says who has it. The kernel frees it when the process ends,
// however it ends.
func Acquire(workDir string) (*Lock, error) {
	path := filepath.Join(workDir, lockName)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock work directory: %w", err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		holder := make([]byte, 32)
		n, _ := file.Read(holder) // only to name it
		_ = file.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fault.New(fault.Conflict, "work directory %s is in use by another agentd (pid %s); give each agentd a --work-dir of its own",
				workDir, holder[:n])
		}
		return nil, fmt.Errorf("lock work directory %s: %w", workDir, err)
	}
	pid := fmt.Sprint(os.Getpid())
	if err := errors.Join(writeAt(file, pid), file.Truncate(int64(len(pid)))); err != nil { // in this order it needs no room
		return nil, errors.Join(fmt.Errorf("lock work directory %s: %w", workDir, err), file.Close())
	}
	return &Lock{file: file}, nil
}

func writeAt(file *os.File, text string) error {
	_, err := file.WriteAt([]byte(text), 0)
	return err
}

// Release gives it up.
func (l *Lock) Release() error {
	var err error
	if l.path != "" {
		err = os.Remove(l.path) // before anybody else can have it
	}
	return errors.Join(err, l.file.Close())
}
