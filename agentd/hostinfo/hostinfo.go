// Package hostinfo says what this machine has and uses. It is the only package that asks gopsutil, and it decides how much
// of a machine is kept back for the operating system (spec 3.5). It changes nothing, keeps no history (agentd/usage does)
// and starts no goroutine. Start reading at Measure, then Sampler.
package hostinfo

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/shirou/gopsutil/v3/disk"
	"github.com/shirou/gopsutil/v3/host"
	"github.com/shirou/gopsutil/v3/mem"

	"codeberg.org/reeve/reeve/agentd/cgroupfs"
	"codeberg.org/reeve/reeve/agentd/hostguard"
	"codeberg.org/reeve/reeve/shared/resources"
)

// Host is what was found at one moment.
type Host struct {
	Resources  resources.Resources // to be offered when the operator names none
	Attributes string              // as --attributes writes them: "os:debian;arch:amd64"
	Hostname   string
	Kernel     string // release: "6.1.0-18-amd64"
	BootID     string // new at every boot of the host
}

const (
	mb = 1 << 20
	gb = 1 << 30

	// ports are those that Mesos's agents offer: above what services use, below what the kernel hands out by itself.
	ports = "[31000-32000]"
)

// Measure looks at the host. workDir need not exist: the file system that it would be on counts.
func Measure(workDir string) (Host, error) {
	groups, err := cgroupfs.Find()
	if err != nil {
		return Host{}, err
	}
	cpus, err := cores(limits{groups})
	if err != nil {
		return Host{}, err
	}
	memory, err := memory(limits{groups})
	if err != nil {
		return Host{}, err
	}
	space, err := diskOf(workDir)
	if err != nil {
		return Host{}, err
	}
	h := Host{}
	text := fmt.Sprintf("cpus:%g;mem:%d;disk:%d;ports:%s",
		math.Floor(cpus*1000)/1000, keepBack(memory, gb)/mb, keepBack(space.Total, 5*gb)/mb, ports)
	if gpus := len(hostguard.ListGPUs("/dev")); gpus > 0 {
		text += fmt.Sprintf(";gpus:%d", gpus)
	}
	if h.Resources, err = resources.Parse(text, "*"); err != nil {
		return Host{}, fmt.Errorf("measure host: %w", err)
	}
	return identify(h)
}

// keepBack leaves reserve to the operating system, or half of a machine that has little.
func keepBack(total, reserve uint64) uint64 {
	if total >= 2*reserve {
		return total - reserve
	}
	return total / 2
}

// identify adds what names the host.
func identify(h Host) (Host, error) {
	var err error
	if h.Hostname, err = os.Hostname(); err != nil {
		return Host{}, fmt.Errorf("ask for the hostname: %w", err)
	}
	if h.Kernel, err = host.KernelVersion(); err != nil {
		return Host{}, fmt.Errorf("ask for the kernel's release: %w", err)
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return Host{}, fmt.Errorf("read the boot id: %w", err)
	}
	h.BootID = strings.TrimSpace(string(boot))
	h.Attributes = "arch:" + runtime.GOARCH
	if platform, _, _, err := host.PlatformInformation(); err == nil && plainWord(platform) { // some hosts don't say
		h.Attributes = "os:" + platform + ";" + h.Attributes
	}
	return h, nil
}

// plainWord says whether s can be written as an attribute without being read as something else.
func plainWord(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") == ""
}

// cores is how many cores tasks may use.
func cores(l limits) (float64, error) {
	have := float64(runtime.NumCPU()) // heeds the affinity that we were started with
	quota, err := l.cores()
	return min(have, quota), err
}

// memory is how many bytes there are.
func memory(l limits) (uint64, error) {
	stat, err := mem.VirtualMemory()
	if err != nil {
		return 0, fmt.Errorf("ask for the size of the memory: %w", err)
	}
	limit, err := l.memory()
	return min(stat.Total, limit), err
}

// diskOf looks at the file system that dir is on, or will be on once it exists.
func diskOf(dir string) (*disk.UsageStat, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", dir, err)
	}
	for {
		stat, err := disk.Usage(dir)
		if err == nil {
			return stat, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir || !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("ask for the size of the file system of %s: %w", dir, err)
		}
		dir = parent
	}
}
