package cgroupfs

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// Weights makes groups of groups weigh what is in them together. Without it two of them share the CPUs half and half, one
// with a single small container as much as one with a hundred big ones.
type Weights struct {
	host Host

	mu sync.Mutex // guards cpus, and the order of what is written
	// cpus is what the groups right below a parent ask for: parent → name → CPUs.
	cpus map[string]map[string]float64
}

// NewWeights returns one that knows of nothing.
func NewWeights(host Host) *Weights {
	return &Weights{host: host, cpus: make(map[string]map[string]float64)}
}

// Read takes up what is below a parent already, as a former agentd has left it.
func (w *Weights) Read(parent string) error {
	names, err := w.host.Groups(parent)
	if err != nil {
		return err
	}
	for _, name := range names {
		w.note(parent, name, w.host.weightOf(filepath.Join(parent, name)))
	}
	return w.write(parent)
}

// Set says how many CPUs a group below a parent asks for; 0 is what the kernel takes a group for that does not say.
func (w *Weights) Set(parent, name string, cpus float64) error {
	if cpus <= 0 {
		cpus = 1
	}
	w.note(parent, name, cpus)
	return w.write(parent)
}

// Forget is for a group that is gone. One that was never set is no error.
func (w *Weights) Forget(parent, name string) error {
	w.mu.Lock()
	_, known := w.cpus[parent][name]
	delete(w.cpus[parent], name)
	w.mu.Unlock()
	if !known {
		return nil
	}
	return w.write(parent)
}

func (w *Weights) note(parent, name string, cpus float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cpus[parent] == nil {
		w.cpus[parent] = make(map[string]float64)
	}
	w.cpus[parent][name] = cpus
}

// The names of the kernel's files, what one CPU is in them, and the bounds that they take.
const (
	sharesFile, sharesOfOne, leastShares, mostShares = "cpu.shares", 1024, 2, 262_144
	weightFile, weightOfOne, leastWeight, mostWeight = "cpu.weight", 100, 1, 10_000
)

// write tells the kernel of the sum. A parent that is not there, or is not to weigh anything, is no error.
func (w *Weights) write(parent string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	sum := 0.0
	for _, cpus := range w.cpus[parent] {
		sum += cpus
	}
	dir := w.host.Dir("cpu", parent)
	if dir == "" {
		return nil
	}
	file, value := sharesFile, min(max(leastShares, math.Round(sum*sharesOfOne)), mostShares)
	if w.host.Unified {
		file, value = weightFile, min(max(leastWeight, math.Round(sum*weightOfOne)), mostWeight)
	}
	f, err := os.OpenFile(filepath.Join(dir, file), os.O_WRONLY, 0) // never made: on a wrong path it would be a plain file
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		_, err = f.WriteString(strconv.FormatFloat(value, 'f', 0, 64) + "\n")
		err = errors.Join(err, f.Close())
	}
	if err != nil && !gone(err) {
		return fmt.Errorf("set the weight of cgroup %s: %w", parent, err)
	}
	return nil
}

// weightOf is how many CPUs a group asks for by what the kernel was told.
func (h Host) weightOf(group string) float64 {
	file, one := sharesFile, sharesOfOne
	if h.Unified {
		file, one = weightFile, weightOfOne
	}
	dir := h.Dir("cpu", group)
	n, err := strconv.Atoi(strings.TrimSpace(slurp(filepath.Join(dir, file))))
	if dir == "" || err != nil {
		return 1
	}
	return float64(n) / float64(one)
}
