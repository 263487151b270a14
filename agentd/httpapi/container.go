package httpapi

import (
	"context"
	"net/http"
	"time"

	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/outcome"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosjson"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/agent"
	"codeberg.org/reeve/reeve/shared/resources"
)

// containersOf lists the containers that run, with their counters; with nested also those of the tasks of pods.
func (a *api) containersOf(ctx context.Context, v *workload.View, nested bool) []*agent.Response_GetContainers_Container {
	var list []*agent.Response_GetContainers_Container
	for _, f := range v.Frameworks {
		for _, e := range f.Executors {
			if e.Phase < lifecycle.Running || !e.Phase.Alive() {
				continue
			}
			list = append(list, &agent.Response_GetContainers_Container{
				FrameworkId:        &mesosv1.FrameworkID{Value: new(string(f.ID))},
				ExecutorId:         &mesosv1.ExecutorID{Value: new(string(e.ID))},
				ExecutorName:       new(e.Info.GetName()),
				ContainerId:        containerID(e),
				ContainerStatus:    containerStatus(e),
				ResourceStatistics: a.statistics(ctx, e.Container, executorResources(e)),
			})
			if nested {
				list = append(list, a.membersOf(ctx, f, e)...)
			}
		}
	}
	return list
}

// membersOf lists the containers of a pod's tasks that run.
func (a *api) membersOf(ctx context.Context, f workload.FrameworkView, e workload.ExecutorView) []*agent.Response_GetContainers_Container {
	var list []*agent.Response_GetContainers_Container
	for _, t := range e.Tasks {
		if t.PID == 0 {
			continue
		}
		id := outcome.ContainerID(t.Container)
		list = append(list, &agent.Response_GetContainers_Container{
			FrameworkId:        &mesosv1.FrameworkID{Value: new(string(f.ID))},
			ExecutorId:         &mesosv1.ExecutorID{Value: new(string(e.ID))},
			ExecutorName:       new(e.Info.GetName()),
			ContainerId:        id,
			ContainerStatus:    &mesosv1.ContainerStatus{ContainerId: id, ExecutorPid: new(uint32(t.PID)), NetworkInfos: outcome.Networks(t.Joined)},
			ResourceStatistics: a.statistics(ctx, t.Container, parse(t.Task.GetResources())),
		})
	}
	return list
}

func containerID(e workload.ExecutorView) *mesosv1.ContainerID {
	return &mesosv1.ContainerID{Value: new(string(e.Container))}
}

func containerStatus(e workload.ExecutorView) *mesosv1.ContainerStatus {
	s := &mesosv1.ContainerStatus{ContainerId: containerID(e), NetworkInfos: outcome.Networks(e.Joined)}
	if e.PID > 0 {
		s.ExecutorPid = new(uint32(e.PID))
	}
	return s
}

// statistics reads the counters of a container that may use these resources.
func (a *api) statistics(ctx context.Context, id ids.Container, r resources.Resources) *mesosv1.ResourceStatistics {
	m := a.counters(ctx, id, runtime.Limits{CPUs: r.Scalar("cpus").Float(), MemBytes: int64(megabytes(r.Scalar("mem").Float()))})
	if disk := r.Scalar("disk").Float(); disk > 0 {
		m.DiskLimitBytes = new(megabytes(disk))
	}
	return m
}

// counters reads a container's counters. There is always an answer: readers use it without asking (spec 7.1). A container
// that ends meanwhile has the limits and the time only.
func (a *api) counters(ctx context.Context, id ids.Container, limits runtime.Limits) *mesosv1.ResourceStatistics {
	m := &mesosv1.ResourceStatistics{
		Timestamp:         new(mesosjson.Seconds(time.Now())),
		CpusLimit:         new(limits.CPUs),
		CpusSoftLimit:     new(limits.CPUs),
		MemLimitBytes:     new(bytes(limits.MemBytes)),
		MemSoftLimitBytes: new(bytes(limits.MemBytes)),
	}
	s, err := a.cfg.Stats(ctx, id)
	if err != nil {
		return m
	}
	if !s.At.IsZero() {
		m.Timestamp = new(mesosjson.Seconds(s.At))
	}
	m.CpusUserTimeSecs = new(s.CPUUser.Seconds())
	m.CpusSystemTimeSecs = new(s.CPUSystem.Seconds())
	if s.Periods > 0 {
		m.CpusNrPeriods = new(uint32(s.Periods))
		m.CpusNrThrottled = new(uint32(s.Throttled))
		m.CpusThrottledTimeSecs = new(s.ThrottledFor.Seconds())
	}
	m.MemTotalBytes = new(bytes(s.MemBytes))
	m.MemRssBytes = new(bytes(s.AnonBytes))
	m.MemAnonBytes = new(bytes(s.AnonBytes))
	m.MemFileBytes = new(bytes(s.CacheBytes))
	m.MemCacheBytes = new(bytes(s.CacheBytes))
	if s.MemLimit > 0 {
		m.MemLimitBytes = new(bytes(s.MemLimit))
	}
	m.MemMappedFileBytes = new(bytes(s.MappedBytes))
	m.MemUnevictableBytes = new(bytes(s.PinnedBytes))
	m.MemSwapBytes = new(bytes(s.SwapBytes))
	m.MemTotalMemswBytes = new(bytes(s.MemBytes + s.SwapBytes))
	m.Processes = new(uint32(max(0, s.Processes)))
	m.Threads = new(uint32(max(0, s.Threads)))
	if a.cfg.Disk != nil {
		if used, known := a.cfg.Disk(id); known {
			m.DiskUsedBytes = new(bytes(used))
		}
	}
	fillNetwork(m, s.Net)
	return m
}

// fillNetwork tells the counters of a network of the container's own.
func fillNetwork(m *mesosv1.ResourceStatistics, n *runtime.Net) {
	if n == nil {
		return
	}
	m.NetRxBytes, m.NetRxPackets = new(bytes(n.ReceiveBytes)), new(bytes(n.ReceivePackets))
	m.NetRxErrors, m.NetRxDropped = new(bytes(n.ReceiveErrors)), new(bytes(n.ReceiveDropped))
	m.NetTxBytes, m.NetTxPackets = new(bytes(n.SendBytes)), new(bytes(n.SendPackets))
	m.NetTxErrors, m.NetTxDropped = new(bytes(n.SendErrors)), new(bytes(n.SendDropped))
}

func bytes(n int64) uint64 { return uint64(max(0, n)) }

func megabytes(n float64) uint64 { return uint64(max(0, n) * (1 << 20)) }

// containers answers /containers, and without status /monitor/statistics.
func (a *api) containers(status bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := a.cfg.View(r.Context())
		if err != nil {
			mesoshttp.WriteError(w, r, err)
			return
		}
		var out mesosjson.Writer
		out.OpenList()
		for _, c := range a.containersOf(r.Context(), v, false) {
			out.Open()
			if status {
				out.TextField("container_id", c.GetContainerId().GetValue())
			}
			out.TextField("executor_id", c.GetExecutorId().GetValue())
			out.TextField("executor_name", c.GetExecutorName())
			out.TextField("framework_id", c.GetFrameworkId().GetValue())
			out.TextField("source", c.GetExecutorId().GetValue())
			out.MessageField("statistics", c.GetResourceStatistics())
			if status {
				out.MessageField("status", c.GetContainerStatus())
			}
			out.Close()
		}
		out.CloseList()
		mesoshttp.WriteDocument(w, r, &out)
	}
}
