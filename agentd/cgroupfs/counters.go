package cgroupfs

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/agentd/runtime"
)

// Counters reads one group's statistics again and again. It keeps the files open: that makes a reading four times as
// cheap as opening them, and twenty-five times as cheap as libcontainer's. It is for one goroutine at a time.
type Counters struct {
	host  Host
	group string
	files []file
	buf   []byte

	clock *os.File      // of the CPU time; nil where there is none
	used  int64         // by it, at the last full look
	last  runtime.Stats // of then
}

// maxQuiet is for how long the figures of a group that has not run at all are taken to be as they were: only what others do,
// who take memory back from it, could change them.
const maxQuiet = 5 * time.Second

type file struct {
	f     *os.File
	parse func(text string, s *runtime.Stats)
	long  bool
	again bool // it is opened for every look
}

// source is a file of a group and what is in it.
type source struct {
	controller, name string
	parse            func(text string, s *runtime.Stats)
	long             bool // it may be longer than the buffer
	again            bool // v1 keeps the list of processes as it was, for as long as somebody looks at the open file once a second
}

// sources1 and sources2 are the files of cgroup v1 and v2.
var (
	sources1 = [...]source{
		{controller: "cpu", name: "cpu.stat", parse: parseCPU},
		{controller: "cpuacct", name: "cpuacct.stat", parse: parseCPU},
		{controller: "memory", name: "memory.usage_in_bytes", parse: func(t string, s *runtime.Stats) { s.MemBytes = number(t) }},
		{controller: "memory", name: "memory.stat", parse: parseMemory},
		{controller: "memory", name: "memory.oom_control", parse: parseOOM},
		{controller: "pids", name: "pids.current", parse: parseThreads},
		{controller: "pids", name: "cgroup.procs", parse: parseProcesses, long: true, again: true},
		{controller: "blkio", name: "blkio.throttle.io_service_bytes_recursive", parse: parseIO},
	}
	sources2 = [...]source{
		{name: "cpu.stat", parse: parseCPU},
		{name: "memory.current", parse: func(t string, s *runtime.Stats) { s.MemBytes = number(t) }},
		{name: "memory.swap.current", parse: func(t string, s *runtime.Stats) { s.SwapBytes = number(t) }},
		{name: "memory.stat", parse: parseMemory},
		{name: "memory.max", parse: func(t string, s *runtime.Stats) { s.MemLimit = number(t) }},
		{name: "memory.events", parse: parseOOM},
		{name: "pids.current", parse: parseThreads},
		{name: "cgroup.procs", parse: parseProcesses, long: true},
		{name: "io.stat", parse: parseIO},
	}
)

// Open opens the files of a group. Missing controllers are left out; a group that does not exist at all is an error that
// wraps fs.ErrNotExist.
func (h Host) Open(group string) (*Counters, error) {
	c := &Counters{host: h, group: group, buf: make([]byte, 8<<10)} // memory.stat is the longest with about 4 KB
	sources := sources1[:]
	if h.Unified {
		sources = sources2[:]
	}
	var missing error
	for _, src := range sources {
		f, err := os.Open(filepath.Join(h.Dir(src.controller, group), src.name))
		if err != nil {
			missing = err
			continue
		}
		c.files = append(c.files, file{f, src.parse, src.long, src.again})
	}
	if len(c.files) == 0 {
		return nil, fmt.Errorf("read statistics: %w", missing)
	}
	clock := "cpuacct.usage" // nanoseconds
	if h.Unified {
		clock = "cpu.stat" // microseconds, in the first line
	}
	var err error
	if c.clock, err = os.Open(filepath.Join(h.Dir("cpuacct", group), clock)); err != nil {
		c.clock = nil // then every look is a full one
	}
	return c, nil
}

// ran says whether the group has used the CPU since the last full look, and how much it has used in all. When in doubt it has.
func (c *Counters) ran() (bool, int64) {
	if c.clock == nil {
		return true, 0
	}
	n, err := c.clock.ReadAt(c.buf[:64], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return true, 0
	}
	line, _, _ := strings.Cut(string(c.buf[:n]), "\n")
	used := number(strings.TrimPrefix(line, "usage_usec "))
	return used != c.used || used == 0, used
}

// Forget has the next look be a full one: somebody has changed the group's limits.
func (c *Counters) Forget() { c.last = runtime.Stats{} }

// Read returns the counters as of now. An error means that the group is gone. A group that has not run since the last look is
// not looked at again, for up to maxQuiet: most containers of a host do nothing most of the time.
func (c *Counters) Read() (runtime.Stats, error) {
	now := time.Now()
	ran, used := c.ran()
	if !ran && now.Sub(c.last.At) < maxQuiet {
		s := c.last
		s.At = now
		return s, nil
	}
	s, err := c.readAll(now)
	if err == nil {
		c.last, c.used = s, used
	}
	return s, err
}

func (c *Counters) readAll(now time.Time) (runtime.Stats, error) {
	s := runtime.Stats{At: now}
	for i := range c.files {
		f := &c.files[i]
		if err := f.reopen(); err != nil {
			return s, fmt.Errorf("read statistics: %w", err)
		}
		for at := int64(0); ; {
			n, err := f.f.ReadAt(c.buf, at)
			if err != nil && !errors.Is(err, io.EOF) {
				return s, fmt.Errorf("read statistics: %w", err)
			}
			f.parse(string(c.buf[:n]), &s)
			if at += int64(n); err != nil || !f.long {
				break
			}
		}
	}
	if s.Processes == 0 && s.Threads > 0 { // a group of groups: its own list is empty
		pids, err := c.host.PIDs(c.group)
		if err != nil {
			return s, fmt.Errorf("read statistics: %w", err)
		}
		s.Processes = len(pids)
	}
	// One of the processes is the container's own init, which nobody asked for.
	s.Processes, s.Threads = max(0, s.Processes-1), max(0, s.Threads-1)
	return s, nil
}

func (f *file) reopen() error {
	if !f.again {
		return nil
	}
	fresh, err := os.Open(f.f.Name())
	if err != nil {
		return err
	}
	err = f.f.Close()
	f.f = fresh
	return err
}

// Close closes the files.
func (c *Counters) Close() error {
	var errs []error
	for _, f := range c.files {
		errs = append(errs, f.f.Close())
	}
	if c.clock != nil {
		errs = append(errs, c.clock.Close())
	}
	c.files, c.clock = nil, nil
	return errors.Join(errs...)
}

// OOMKills returns how often the kernel killed something in a group for memory, and whether it was for the group's own
// limit and not for the host's want.
func (h Host) OOMKills(group string) (kills int64, ownLimit bool) {
	dir := h.Dir("memory", group)
	if dir == "" {
		return 0, false
	}
	var s runtime.Stats
	if h.Unified {
		text := slurp(filepath.Join(dir, "memory.events"))
		parseOOM(text, &s)
		each(text, func(key string, n int64) { ownLimit = ownLimit || key == "oom" && n > 0 })
		return s.OOMKills, ownLimit
	}
	parseOOM(slurp(filepath.Join(dir, "memory.oom_control")), &s)
	// Kernels of today leave memory.failcnt at 0, so the high-water mark has to tell.
	most, limit := number(slurp(filepath.Join(dir, "memory.max_usage_in_bytes"))), number(slurp(filepath.Join(dir, "memory.limit_in_bytes")))
	return s.OOMKills, most+chargeBatch >= limit
}

// chargeBatch is how close to its limit the kernel lets a group come: it charges 64 pages at once at most.
const chargeBatch = 64 * 4096

// slurp reads a small file; one that is missing counts nothing.
func slurp(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(data)
}

// userHZ is the unit of cpuacct.stat on every Linux we run on.
const userHZ = 100

// parseCPU reads cpu.stat of v2 (microseconds), and cpu.stat (nanoseconds) and cpuacct.stat (ticks) of v1: their keys
// differ.
func parseCPU(text string, s *runtime.Stats) {
	each(text, func(key string, n int64) {
		switch key {
		case "user_usec":
			s.CPUUser = time.Duration(n) * time.Microsecond
		case "system_usec":
			s.CPUSystem = time.Duration(n) * time.Microsecond
		case "user":
			s.CPUUser = time.Duration(n) * time.Second / userHZ
		case "system":
			s.CPUSystem = time.Duration(n) * time.Second / userHZ
		case "nr_periods":
			s.Periods = n
		case "nr_throttled":
			s.Throttled = n
		case "throttled_usec":
			s.ThrottledFor = time.Duration(n) * time.Microsecond
		case "throttled_time":
			s.ThrottledFor = time.Duration(n)
		}
	})
}

// parseMemory reads memory.stat: v1 calls them total_rss, total_cache, total_pgmajfault and hierarchical_memory_limit.
func parseMemory(text string, s *runtime.Stats) {
	each(text, func(key string, n int64) {
		switch key {
		case "total_rss", "anon":
			s.AnonBytes = n
		case "total_cache", "file":
			s.CacheBytes = n
		case "total_mapped_file", "file_mapped":
			s.MappedBytes = n
		case "total_unevictable", "unevictable":
			s.PinnedBytes = n
		case "total_swap": // v2 has a file of its own for it
			s.SwapBytes = n
		case "pgmajfault", "total_pgmajfault": // v1 has both, and the second counts groups below, too
			s.MajorFaults = max(s.MajorFaults, n)
		case "hierarchical_memory_limit":
			if n < math.MaxInt64/2 { // "none" is the greatest multiple of a page
				s.MemLimit = n
			}
		}
	})
}

func parseThreads(text string, s *runtime.Stats) { s.Threads = int(number(text)) }

// parseProcesses counts the lines of a piece of cgroup.procs.
func parseProcesses(text string, s *runtime.Stats) { s.Processes += strings.Count(text, "\n") }

// parseIO sums the devices of io.stat of v2, "8:0 rbytes=1 wbytes=2 …", and of v1's, "8:0 Read 1".
func parseIO(text string, s *runtime.Stats) {
	for line := range strings.SplitSeq(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 3 {
			switch fields[1] {
			case "Read":
				s.ReadBytes += number(fields[2])
			case "Write":
				s.WriteBytes += number(fields[2])
			}
		}
		for _, field := range fields {
			if n, ok := strings.CutPrefix(field, "rbytes="); ok {
				s.ReadBytes += number(n)
			} else if n, ok := strings.CutPrefix(field, "wbytes="); ok {
				s.WriteBytes += number(n)
			}
		}
	}
}

func parseOOM(text string, s *runtime.Stats) {
	each(text, func(key string, n int64) {
		if key == "oom_kill" {
			s.OOMKills = n
		}
	})
}

// each calls fn for every line "key number".
func each(text string, fn func(key string, n int64)) {
	for line := range strings.SplitSeq(text, "\n") {
		if key, value, ok := strings.Cut(line, " "); ok {
			fn(key, number(value))
		}
	}
}

// number reads a file of one number; "max" and rubbish are 0.
func number(text string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
