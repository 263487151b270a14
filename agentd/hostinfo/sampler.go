package hostinfo

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/shirou/gopsutil/v3/load"
	"github.com/shirou/gopsutil/v3/mem"
	"github.com/shirou/gopsutil/v3/net"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Sampler measures what the host uses. Make one with NewSampler; its method may be called from many goroutines.
type Sampler struct {
	workDir string

	mu   sync.Mutex // guards the fields below
	at   time.Time  // of the sample before, zero before the first
	busy float64    // seconds that the cores had been busy by then
}

// NewSampler returns a sampler for the host and the file system of workDir.
func NewSampler(workDir string) *Sampler { return &Sampler{workDir: workDir} }

// Sample measures now. CPUs is the average since the sample before, 0 in the first. On an error what could be measured is
// there all the same.
func (s *Sampler) Sample() (reeveapi.HostUsage, error) {
	u := reeveapi.HostUsage{At: time.Now()}
	return u, errors.Join(s.cores(&u), loads(&u), memoryUse(&u), s.space(&u), traffic(&u))
}

func (s *Sampler) cores(u *reeveapi.HostUsage) error {
	times, err := cpu.Times(false)
	if err != nil || len(times) == 0 {
		return fmt.Errorf("read CPU times: %w", err)
	}
	t := times[0]
	busy := t.User + t.System + t.Nice + t.Irq + t.Softirq // the guests' time is in the user's
	s.mu.Lock()
	defer s.mu.Unlock()
	if elapsed := u.At.Sub(s.at).Seconds(); !s.at.IsZero() && elapsed > 0 {
		u.CPUs = max(0, (busy-s.busy)/elapsed)
	}
	s.at, s.busy = u.At, busy
	return nil
}

func loads(u *reeveapi.HostUsage) error {
	avg, err := load.Avg()
	if err != nil {
		return fmt.Errorf("read the load: %w", err)
	}
	u.Load1 = avg.Load1
	return nil
}

func memoryUse(u *reeveapi.HostUsage) error {
	stat, err := mem.VirtualMemory()
	if err != nil {
		return fmt.Errorf("read the use of memory: %w", err)
	}
	u.MemTotalBytes = int64(stat.Total)
	u.MemBytes = int64(stat.Total - stat.Available) // the page cache gives way
	return nil
}

func (s *Sampler) space(u *reeveapi.HostUsage) error {
	stat, err := diskOf(s.workDir)
	if err != nil {
		return err
	}
	u.DiskBytes, u.DiskTotalBytes = int64(stat.Used), int64(stat.Total)
	return nil
}

// traffic sums the counters of all interfaces but loopback.
func traffic(u *reeveapi.HostUsage) error {
	counters, err := net.IOCounters(true)
	if err != nil {
		return fmt.Errorf("read network counters: %w", err)
	}
	for _, c := range counters {
		if c.Name != "lo" {
			u.NetReceiveBytes += int64(c.BytesRecv)
			u.NetSendBytes += int64(c.BytesSent)
		}
	}
	return nil
}
