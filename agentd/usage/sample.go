package usage

import (
	"math"
	"time"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// sample is a TaskUsage in 64 bytes: a thousand tasks for 30 minutes take 115 MB, not 290.
type sample struct {
	atMillis    int64
	cpuMillis   uint32 // cores in thousandths
	usedCentis  uint32 // CPU time in hundredths of a second
	throttled   uint32 // in hundredths of a second
	memKB       uint32
	cacheKB     uint32
	diskKB      uint32
	processes   uint16
	threads     uint16
	oomKillings uint32
	majorFaults uint32
	readKB      uint32
	writeKB     uint32
	receiveKB   uint32
	sendKB      uint32
}

// kb is a number of bytes in units of 1024; what does not fit is the most that does.
func kb(bytes int64) uint32 { return uint32(min(max(bytes, 0)>>10, math.MaxUint32)) }

// count is a number of events; what does not fit is the most that does.
func count(n int64) uint32 { return uint32(min(max(n, 0), math.MaxUint32)) }

func small(n int) uint16 { return uint16(min(max(n, 0), math.MaxUint16)) }

func pack(u reeveapi.TaskUsage) sample {
	return sample{
		atMillis: u.At.UnixMilli(), cpuMillis: uint32(u.CPUs * 1000), usedCentis: uint32(u.CPUSeconds * 100),
		throttled: uint32(u.ThrottledSeconds * 100), memKB: kb(u.MemBytes), cacheKB: kb(u.CacheBytes),
		diskKB: kb(u.DiskBytes), processes: small(u.Processes), threads: small(u.Threads), oomKillings: uint32(u.OOMKills), majorFaults: count(u.MajorFaults),
		readKB: kb(u.ReadBytes), writeKB: kb(u.WriteBytes), receiveKB: kb(u.NetReceiveBytes), sendKB: kb(u.NetSendBytes),
	}
}

func (s sample) unpack(limit int64) reeveapi.TaskUsage {
	return reeveapi.TaskUsage{
		At: time.UnixMilli(s.atMillis), CPUs: float64(s.cpuMillis) / 1000, CPUSeconds: float64(s.usedCentis) / 100,
		ThrottledSeconds: float64(s.throttled) / 100, MemBytes: int64(s.memKB) << 10, CacheBytes: int64(s.cacheKB) << 10,
		MemLimitBytes: limit, DiskBytes: int64(s.diskKB) << 10, Processes: int(s.processes), Threads: int(s.threads),
		OOMKills: int64(s.oomKillings), MajorFaults: int64(s.majorFaults), ReadBytes: int64(s.readKB) << 10, WriteBytes: int64(s.writeKB) << 10,
		NetReceiveBytes: int64(s.receiveKB) << 10, NetSendBytes: int64(s.sendKB) << 10,
	}
}

// add appends a sample, over the oldest one once there are keep.
func (s *series) add(u reeveapi.TaskUsage) {
	s.limit = u.MemLimitBytes
	if len(s.ring) < keep {
		s.ring = append(s.ring, pack(u))
		return
	}
	s.ring[s.next] = pack(u)
	s.next = (s.next + 1) % keep
}

// since returns the samples from a time on, oldest first.
func (s *series) since(from time.Time) []reeveapi.TaskUsage {
	list := make([]reeveapi.TaskUsage, 0, len(s.ring))
	for i := range s.ring {
		one := s.ring[(s.next+i)%len(s.ring)]
		if one.atMillis >= from.UnixMilli() {
			list = append(list, one.unpack(s.limit))
		}
	}
	return list
}

// usageOf turns counters into figures for people, but for those that need an earlier look.
func usageOf(stats runtime.Stats) reeveapi.TaskUsage {
	u := reeveapi.TaskUsage{
		At:               stats.At,
		CPUSeconds:       (stats.CPUUser + stats.CPUSystem).Seconds(),
		ThrottledSeconds: stats.ThrottledFor.Seconds(),
		MemBytes:         stats.MemBytes - stats.CacheBytes,
		CacheBytes:       stats.CacheBytes,
		MemLimitBytes:    stats.MemLimit,
		Processes:        stats.Processes,
		Threads:          stats.Threads,
		ReadBytes:        stats.ReadBytes,
		WriteBytes:       stats.WriteBytes,
		OOMKills:         stats.OOMKills,
		MajorFaults:      stats.MajorFaults,
	}
	if stats.Net != nil {
		u.NetReceiveBytes, u.NetSendBytes = stats.Net.ReceiveBytes, stats.Net.SendBytes
	}
	return u
}

// cpus is how many cores were in use between two looks.
func cpus(before, after runtime.Stats) float64 {
	elapsed := after.At.Sub(before.At)
	if elapsed <= 0 {
		return 0
	}
	used := after.CPUUser + after.CPUSystem - before.CPUUser - before.CPUSystem
	return max(0, float64(used)/float64(elapsed))
}
