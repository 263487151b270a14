package hostinfo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/shirou/gopsutil/v3/disk"
	"github.com/shirou/gopsutil/v3/host"
	"github.com/shirou/gopsutil/v3/load"
	"github.com/shirou/gopsutil/v3/mem"
	"github.com/shirou/gopsutil/v3/net"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Detail looks at the host closely, for somebody who looks at just this one. On an error what could be found out is there all
// the same.
func Detail() (reeveapi.HostDetail, error) {
	d := reeveapi.HostDetail{At: time.Now(), Cores: runtime.NumCPU()}
	return d, errors.Join(kernel(&d), times(&d), memoryDetail(&d), disks(&d), packets(&d))
}

func kernel(d *reeveapi.HostDetail) error {
	release, err := host.KernelVersion()
	if err != nil {
		return fmt.Errorf("ask for the kernel's release: %w", err)
	}
	d.Kernel = release
	if booted, err := host.BootTime(); err == nil { // in a container it may not be told
		d.Booted = time.Unix(int64(booted), 0) // #nosec G115 -- seconds since 1970
	}
	return nil
}

func times(d *reeveapi.HostDetail) error {
	avg, err := load.Avg()
	if err != nil {
		return fmt.Errorf("read the load: %w", err)
	}
	d.Load = [3]float64{avg.Load1, avg.Load5, avg.Load15}
	all, err := cpu.Times(false)
	if err != nil || len(all) == 0 {
		return fmt.Errorf("read CPU times: %w", err)
	}
	t := all[0]
	d.UserSeconds, d.SystemSeconds = t.User+t.Nice, t.System+t.Irq+t.Softirq
	d.WaitSeconds, d.StolenSeconds, d.IdleSeconds = t.Iowait, t.Steal, t.Idle
	return nil
}

func memoryDetail(d *reeveapi.HostDetail) error {
	stat, err := mem.VirtualMemory()
	if err != nil {
		return fmt.Errorf("read the use of memory: %w", err)
	}
	d.CacheBytes = int64(stat.Cached)                                                          // #nosec G115 -- no machine has so much
	d.SwapTotalBytes, d.SwapBytes = int64(stat.SwapTotal), int64(stat.SwapTotal-stat.SwapFree) // #nosec G115 -- likewise
	d.OOMKills = counterIn("/proc/vmstat", "oom_kill ")
	cpus, there := pressure("cpu")
	memory, _ := pressure("memory")
	if io, _ := pressure("io"); there {
		d.Pressure = &reeveapi.Pressure{CPU: cpus, Mem: memory, IO: io}
	}
	return nil
}

// counterIn finds the line of a file that begins with a name, 0 if there is none.
func counterIn(file, name string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if value, found := strings.CutPrefix(line, name); found {
			n, _ := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
			return n
		}
	}
	return 0
}

// pressure is the share of the last ten seconds in which something waited; false if the kernel does not say.
func pressure(of string) (percent float64, there bool) {
	text, err := os.ReadFile(filepath.Join("/proc/pressure", of))
	if err != nil {
		return 0, false
	}
	return somePressure(string(text))
}

func somePressure(text string) (percent float64, there bool) {
	rest, found := strings.CutPrefix(text, "some avg10=")
	if !found {
		return 0, false
	}
	value, _, _ := strings.Cut(rest, " ")
	percent, err := strconv.ParseFloat(value, 64)
	return percent, err == nil
}

// disks sums the counters of whole disks: what is built on top of them would count twice.
func disks(d *reeveapi.HostDetail) error {
	counters, err := disk.IOCounters()
	if err != nil {
		return fmt.Errorf("read the counters of disks: %w", err)
	}
	for name, c := range counters {
		if wholeDisk(name) {
			d.ReadBytes += int64(c.ReadBytes)   // #nosec G115 -- a counter of the kernel's
			d.WriteBytes += int64(c.WriteBytes) // #nosec G115 -- likewise
		}
	}
	return nil
}

func wholeDisk(name string) bool {
	for _, prefix := range []string{"loop", "ram", "dm-", "md", "zram"} {
		if strings.HasPrefix(name, prefix) {
			return false
		}
	}
	_, err := os.Stat(filepath.Join("/sys/block", name))
	return err == nil
}

func packets(d *reeveapi.HostDetail) error {
	counters, err := net.IOCounters(true)
	if err != nil {
		return fmt.Errorf("read network counters: %w", err)
	}
	for _, c := range counters {
		if c.Name != "lo" {
			d.NetDropped += int64(c.Dropin + c.Dropout) // #nosec G115 -- counters of the kernel's
		}
	}
	protocols, err := net.ProtoCounters([]string{"tcp"})
	if err != nil {
		return fmt.Errorf("read the counters of TCP: %w", err)
	}
	for _, p := range protocols {
		d.TCPSent, d.TCPSentAgain = p.Stats["OutSegs"], p.Stats["RetransSegs"]
	}
	return nil
}
