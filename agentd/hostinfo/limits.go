package hostinfo

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"codeberg.org/reeve/reeve/agentd/cgroupfs"
)

// limits reads what the roots of the control groups allow. They are those of the host, where nothing is limited, unless we
// are in a container. Limits of agentd's own group say nothing: tasks are not in it.
type limits struct{ host cgroupfs.Host }

// cores is the CPU quota, infinite if there is none.
func (l limits) cores() (float64, error) {
	dir := l.host.Dir("cpu", "/")
	if dir == "" {
		return math.Inf(1), nil
	}
	quota, period, err := quota(dir)
	if err != nil {
		return 0, fmt.Errorf("read the CPU quota: %w", err)
	}
	if quota <= 0 || period <= 0 {
		return math.Inf(1), nil
	}
	return float64(quota) / float64(period), nil
}

// memory is the limit in bytes, the largest number if there is none.
func (l limits) memory() (uint64, error) {
	dir := l.host.Dir("memory", "/")
	if dir == "" {
		return math.MaxUint64, nil
	}
	for _, name := range []string{"memory.max", "memory.limit_in_bytes"} {
		limit, err := number(filepath.Join(dir, name))
		if err != nil {
			return 0, fmt.Errorf("read the memory limit: %w", err)
		}
		if limit > 0 {
			return uint64(limit), nil
		}
	}
	return math.MaxUint64, nil
}

// quota reads a group's CPU quota: "max 100000" or two files. 0 or less means none.
func quota(dir string) (quota, period int64, err error) {
	text, err := os.ReadFile(filepath.Join(dir, "cpu.max"))
	if err == nil {
		fields := strings.Fields(string(text))
		if len(fields) != 2 || fields[0] == "max" {
			return 0, 0, nil
		}
		quota, errQuota := strconv.ParseInt(fields[0], 10, 64)
		period, errPeriod := strconv.ParseInt(fields[1], 10, 64)
		return quota, period, errors.Join(errQuota, errPeriod)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return 0, 0, err
	}
	quota, errQuota := number(filepath.Join(dir, "cpu.cfs_quota_us"))
	period, errPeriod := number(filepath.Join(dir, "cpu.cfs_period_us"))
	return quota, period, errors.Join(errQuota, errPeriod)
}

// number reads a file that holds one number; 0 stands for "max" and for a file that is not there.
func number(file string) (int64, error) {
	text, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil
	case err != nil:
		return 0, err
	}
	value := strings.TrimSpace(string(text))
	if value == "max" {
		return 0, nil
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", file, err)
	}
	return n, nil
}
