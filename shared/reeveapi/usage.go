package reeveapi

import "time"

// Usage answers GET /reeve/v1/usage on an agent: the newest sample of the host and of every container; with ?history=30m
// also the samples of that time, one a second at most, oldest first; with ?task=framework/task only that task's.
type Usage struct {
	Host        HostUsage              `json:"host"`
	HostHistory []HostUsage            `json:"host_history,omitempty"`
	Tasks       map[string]TaskUsage   `json:"tasks"` // by "framework/task"
	TaskHistory map[string][]TaskUsage `json:"task_history,omitempty"`
}

// TaskUsage is what a task's container used at one moment. Tasks that share an executor share its container and figures.
type TaskUsage struct {
	At               time.Time `json:"at"`
	CPUs             float64   `json:"cpus"`        // cores, over the time since the sample before
	CPUSeconds       float64   `json:"cpu_seconds"` // since the container's start
	ThrottledSeconds float64   `json:"throttled_seconds,omitempty"`
	MemBytes         int64     `json:"mem_bytes"` // without page cache
	CacheBytes       int64     `json:"cache_bytes"`
	MemLimitBytes    int64     `json:"mem_limit_bytes,omitempty"`
	DiskBytes        int64     `json:"disk_bytes"` // of the sandbox
	Processes        int       `json:"processes"`
	Threads          int       `json:"threads"`
	ReadBytes        int64     `json:"read_bytes"`                  // from disks, since the container's start
	WriteBytes       int64     `json:"write_bytes"`                 // to disks
	NetReceiveBytes  int64     `json:"net_receive_bytes,omitempty"` // of a network of its own, since the container's start
	NetSendBytes     int64     `json:"net_send_bytes,omitempty"`
	OOMKills         int64     `json:"oom_kills,omitempty"`
	MajorFaults      int64     `json:"major_faults"` // pages that had to come from a disk, since the container's start
}
