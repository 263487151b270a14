package hostinfo

import (
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/agentd/cgroupfs"
	"codeberg.org/reeve/reeve/shared/resources"
)

// TestMeasure looks at this very host.
func TestMeasure(t *testing.T) {
	h, err := Measure(filepath.Join(t.TempDir(), "not", "there", "yet"))
	if err != nil {
		t.Fatal(err)
	}
	v := h.Resources.Vector()
	if got, most := v[resources.CPUs], int64(runtime.NumCPU())*1000; got <= 0 || got > most {
		t.Errorf("cpus = %d thousandths, want more than 0 and at most %d", got, most)
	}
	if v[resources.Mem] <= 0 || v[resources.Disk] <= 0 {
		t.Errorf("resources = %s, want memory and disk", h.Resources)
	}
	if got := h.Resources.Text("ports"); got != "[31000-32000]" {
		t.Errorf("ports = %s, want [31000-32000]", got)
	}
	if h.Hostname == "" || h.Kernel == "" || len(h.BootID) != 36 {
		t.Errorf("hostname %q, kernel %q, boot id %q: one is missing", h.Hostname, h.Kernel, h.BootID)
	}
	if _, err := resources.ParseAttributes(h.Attributes); err != nil {
		t.Errorf("attributes %q: %v", h.Attributes, err)
	}
}

func TestKeepBack(t *testing.T) {
	for _, test := range []struct{ total, reserve, want uint64 }{
		{16 * gb, gb, 15 * gb},
		{2 * gb, gb, gb},
		{2*gb - 2, gb, gb - 1},
		{100 * gb, 5 * gb, 95 * gb},
		{8 * gb, 5 * gb, 4 * gb},
	} {
		if got := keepBack(test.total, test.reserve); got != test.want {
			t.Errorf("of %d with reserve %d, got %d, want %d", test.total, test.reserve, got, test.want)
		}
	}
}

func TestLimits(t *testing.T) {
	unlimited := uint64(math.MaxUint64)
	tests := []struct {
		name    string
		unified bool
		files   map[string]string
		cores   float64
		memory  uint64
	}{
		{"v2 host", true, nil, math.Inf(1), unlimited},
		{"v2 container", true, map[string]string{"cpu.max": "150000 100000\n", "memory.max": "536870912\n"}, 1.5, 512 * mb},
		{"v2 container without limits", true, map[string]string{"cpu.max": "max 100000\n", "memory.max": "max\n"}, math.Inf(1), unlimited},
		{
			"v1 container", false,
			map[string]string{"cpu.cfs_quota_us": "50000\n", "cpu.cfs_period_us": "100000\n", "memory.limit_in_bytes": "1048576\n"},
			0.5, mb,
		},
		{"v1 host", false, map[string]string{"cpu.cfs_quota_us": "-1\n", "cpu.cfs_period_us": "100000\n"}, math.Inf(1), unlimited},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range test.files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			l := limits{cgroupfs.Host{
				Unified:     test.unified,
				Controllers: map[string]string{"": dir, "cpu": dir, "memory": dir},
			}}
			if got, err := l.cores(); err != nil || got != test.cores {
				t.Errorf("cores = %v, %v, want %v", got, err, test.cores)
			}
			if got, err := l.memory(); err != nil || got != test.memory {
				t.Errorf("memory = %v, %v, want %v", got, err, test.memory)
			}
		})
	}
}

func TestLimitsThatAreNoNumbers(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"cpu.max", "memory.max"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("much more"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l := limits{cgroupfs.Host{Unified: true, Controllers: map[string]string{"": dir}}}
	if got, err := l.cores(); err == nil {
		t.Errorf("cores = %v, want an error", got)
	}
	if got, err := l.memory(); err == nil {
		t.Errorf("memory = %v, want an error", got)
	}
}

// TestSampler keeps one core busy and expects to see it.
func TestSampler(t *testing.T) {
	s := NewSampler(t.TempDir())
	first, err := s.Sample()
	if err != nil {
		t.Fatal(err)
	}
	if first.CPUs != 0 {
		t.Errorf("first sample: cpus = %v, want 0: there is nothing to compare with", first.CPUs)
	}
	for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); { // the load is what is measured
	}
	second, err := s.Sample()
	if err != nil {
		t.Fatal(err)
	}
	if most := float64(runtime.NumCPU()) * 1.2; second.CPUs <= 0 || second.CPUs > most {
		t.Errorf("cpus = %v, want more than 0 and at most about %v", second.CPUs, most)
	}
	if second.MemBytes <= 0 || second.MemBytes > second.MemTotalBytes {
		t.Errorf("memory = %d of %d", second.MemBytes, second.MemTotalBytes)
	}
	if second.DiskBytes <= 0 || second.DiskBytes > second.DiskTotalBytes {
		t.Errorf("disk = %d of %d", second.DiskBytes, second.DiskTotalBytes)
	}
}
