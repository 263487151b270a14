package httpapi

import (
	"context"
	"net/http"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosjson"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/agent"
)

// containersOf lists the containers that run, with their counters.
func (a *api) containersOf(ctx context.Context, v *workload.View) []*agent.Response_GetContainers_Container {
	var list []*agent.Response_GetContainers_Container
	for _, f := range v.Frameworks {
		for _, e := range f.Executors {
			if e.Phase < lifecycle.Running || !e.Phase.Alive() {
				continue
			}
			list = append(list, &agent.Response_GetContainers_Container{
				FrameworkId:        &mesosv1.FrameworkID{Value: proto.String(string(f.ID))},
				ExecutorId:         &mesosv1.ExecutorID{Value: proto.String(string(e.ID))},
				ExecutorName:       proto.String(e.Info.GetName()),
				ContainerId:        containerID(e),
				ContainerStatus:    containerStatus(e),
				ResourceStatistics: a.statistics(ctx, e),
			})
		}
	}
	return list
}

func containerID(e workload.ExecutorView) *mesosv1.ContainerID {
	return &mesosv1.ContainerID{Value: proto.String(string(e.Container))}
}

func containerStatus(e workload.ExecutorView) *mesosv1.ContainerStatus {
	s := &mesosv1.ContainerStatus{ContainerId: containerID(e)}
	if e.PID > 0 {
		s.ExecutorPid = proto.Uint32(uint32(e.PID)) //nolint:gosec // a pid has at most 22 bits
	}
	return s
}

// statistics reads a container's counters. There is always an answer: readers use it without asking (spec 7.1). A
// container that ends meanwhile has the limits and the time only.
func (a *api) statistics(ctx context.Context, e workload.ExecutorView) *mesosv1.ResourceStatistics {
	r := executorResources(e)
	m := &mesosv1.ResourceStatistics{
		Timestamp:         proto.Float64(mesosjson.Seconds(time.Now())),
		CpusLimit:         proto.Float64(r.Scalar("cpus").Float()),
		CpusSoftLimit:     proto.Float64(r.Scalar("cpus").Float()),
		MemLimitBytes:     proto.Uint64(megabytes(r.Scalar("mem").Float())),
		MemSoftLimitBytes: proto.Uint64(megabytes(r.Scalar("mem").Float())),
	}
	s, err := a.cfg.Stats(ctx, e.Container)
	if err != nil {
		return m
	}
	if !s.At.IsZero() {
		m.Timestamp = proto.Float64(mesosjson.Seconds(s.At))
	}
	m.CpusUserTimeSecs = proto.Float64(s.CPUUser.Seconds())
	m.CpusSystemTimeSecs = proto.Float64(s.CPUSystem.Seconds())
	if s.Periods > 0 {
		m.CpusNrPeriods = proto.Uint32(uint32(s.Periods))     //nolint:gosec // wraps as the field does
		m.CpusNrThrottled = proto.Uint32(uint32(s.Throttled)) //nolint:gosec // wraps as the field does
		m.CpusThrottledTimeSecs = proto.Float64(s.ThrottledFor.Seconds())
	}
	m.MemTotalBytes = proto.Uint64(bytes(s.MemBytes))
	m.MemRssBytes = proto.Uint64(bytes(s.AnonBytes))
	m.MemAnonBytes = proto.Uint64(bytes(s.AnonBytes))
	m.MemFileBytes = proto.Uint64(bytes(s.CacheBytes))
	m.MemCacheBytes = proto.Uint64(bytes(s.CacheBytes))
	if s.MemLimit > 0 {
		m.MemLimitBytes = proto.Uint64(bytes(s.MemLimit))
	}
	m.Processes = proto.Uint32(uint32(max(0, s.Processes))) //nolint:gosec // never that many
	return m
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
		for _, c := range a.containersOf(r.Context(), v) {
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
