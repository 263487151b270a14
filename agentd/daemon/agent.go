package daemon

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"codeberg.org/reeve/reeve/agentd/adhoc"
	"codeberg.org/reeve/reeve/agentd/checkpoint"
	"codeberg.org/reeve/reeve/agentd/diskwatch"
	"codeberg.org/reeve/reeve/agentd/executorapi"
	"codeberg.org/reeve/reeve/agentd/fetcher"
	"codeberg.org/reeve/reeve/agentd/gc"
	"codeberg.org/reeve/reeve/agentd/holdings"
	"codeberg.org/reeve/reeve/agentd/httpapi"
	"codeberg.org/reeve/reeve/agentd/image/store"
	"codeberg.org/reeve/reeve/agentd/launch"
	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/masterlink"
	"codeberg.org/reeve/reeve/agentd/prober"
	"codeberg.org/reeve/reeve/agentd/provenance"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/sandbox"
	"codeberg.org/reeve/reeve/agentd/shimclient"
	"codeberg.org/reeve/reeve/agentd/supervisor"
	"codeberg.org/reeve/reeve/agentd/tasklog"
	"codeberg.org/reeve/reeve/agentd/usage"
	"codeberg.org/reeve/reeve/agentd/volume"
	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/loop"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/metrics"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/run"
	"codeberg.org/reeve/reeve/shared/transport"
	"codeberg.org/reeve/reeve/shared/version"
)

// metaDir is the directory of the journal, below the work dir.
const metaDir = "meta"

// launchesPerCore bounds how many containers are started at once.
const launchesPerCore = 2

// slowTurn is how long a turn of the loop may take before it is worth a line.
const slowTurn = 50 * time.Millisecond

// agent is the machine on its loop, and everybody who carries out its effects.
type agent struct {
	log         *slog.Logger
	metrics     *metrics.Set
	machine     *workload.Machine // touched by the loop only
	loop        *loop.Loop[workload.Input, workload.Effect]
	core        *run.Group // the loop and the pump
	pump        *pump
	supervisors *supervisor.Set
	prober      *prober.Set
	executors   *executorapi.API
	disk        *diskwatch.Watch
	usage       *usage.Sampler
	logs        *tasklog.Keeper
	logLimit    int64 // bytes that are kept of a log where nothing else was asked
	volumes     *volume.Keeper
	gc          *gc.Collector
	adhoc       *adhoc.Set
	runtime     runtime.Runtime
	images      *store.Store
	origins     *provenance.Book
	link        atomic.Pointer[masterlink.Link] // nil until there is one
	bootID      string
	named       chan ids.Agent // 1: the id that a master has given us
	drained     chan struct{}  // closed by Drained
	recovered   atomic.Bool
}

// openAgent recovers what an earlier agentd left and starts the loop.
func (d *daemon) openAgent(ctx context.Context) error {
	journal, recovery, err := checkpoint.Open(d.cfg.WorkDir + "/" + metaDir)
	if err != nil {
		return err
	}
	d.undo.Add("journal", closeTimeout, func(context.Context) error { return journal.Close() })
	if recovery.Torn > 0 {
		d.log.Warn("the end of the journal was half written and has been cut off", logkey.Bytes(recovery.Torn))
	}
	d.identity = &identity{dir: sharedDir(d.cfg), workDir: d.cfg.WorkDir}
	d.undo.Add("id", closeTimeout, d.identity.release)
	if err := d.identity.take(lastID(recovery.Entries)); err != nil {
		return err
	}
	if err := holdings.Check(d.agentInfo(), recovery.Entries); err != nil {
		return err
	}
	rt, closeRuntime, err := d.parts.Runtime(d.cfg, d.log)
	if err != nil {
		return err
	}
	d.undo.Add("runtime", closeTimeout, func(context.Context) error { return closeRuntime() })
	containers, err := rt.Recover(ctx)
	if err != nil {
		return fmt.Errorf("recover containers: %w", err)
	}
	fetch, err := d.newFetcher(ctx)
	if err != nil {
		return err
	}
	d.undo.Add("fetcher", closeTimeout, func(context.Context) error { return fetch.Close() })
	images, err := d.openImages(ctx, containers)
	if err != nil {
		return err
	}
	origins, err := provenance.Open(filepath.Join(d.cfg.WorkDir, provenance.Dir), idsOf(containers))
	if err != nil {
		return err
	}
	d.agent = d.newAgent(ctx, rt, journal, fetch, images, origins)
	d.undo.Add("ad-hoc containers", closeTimeout, func(context.Context) error { return d.agent.adhoc.Close() })
	if containers, err = d.agent.adhoc.Recover(containers); err != nil {
		return err
	}
	return d.agent.start(ctx, d.undo, workload.Recovered{Entries: recovery.Entries, Containers: containers})
}

func (d *daemon) newFetcher(ctx context.Context) (*fetcher.Fetcher, error) {
	f, err := fetcher.New(context.WithoutCancel(ctx), fetcher.Config{
		WorkDir: d.cfg.WorkDir, CacheDir: d.cfg.FetcherCacheDir, CacheBytes: d.cfg.FetcherCacheBytes, Stall: d.cfg.FetcherStall,
		Count: func(name string) { d.metrics.Counter(name).Add(1) },
	})
	if err != nil {
		return nil, err
	}
	d.metrics.Gauge("containerizer/fetcher/cache_size_used_bytes", func() float64 { used, _ := f.CacheUsed(); return float64(used) })
	d.metrics.Gauge("containerizer/fetcher/cache_size_total_bytes", func() float64 { _, total := f.CacheUsed(); return float64(total) })
	return f, nil
}

func (d *daemon) newAgent(ctx context.Context, rt runtime.Runtime, journal *checkpoint.Journal, fetch *fetcher.Fetcher, images *store.Store, origins *provenance.Book) *agent {
	a := &agent{
		log: d.log, metrics: d.metrics, runtime: rt, images: images, origins: origins, bootID: uuid.NewString(),
		named: make(chan ids.Agent, 1), drained: make(chan struct{}),
	}
	a.machine = workload.New(d.machineConfig(a.bootID))
	a.pump = newPump(journal, a.deliver, a.machine.Snapshot)
	a.loop = loop.New(loop.Config[workload.Input, workload.Effect]{
		Name: "the agent's loop", Machine: a.machine, Tick: workload.Tick{}, Execute: a.pump.execute, Observe: a.observe,
	})
	a.volumes = volume.New(d.cfg.WorkDir, d.log)
	a.supervisors = supervisor.New(context.WithoutCancel(ctx), supervisor.Config{
		Runtime: rt, Sandbox: sandbox.Create, Give: sandbox.Give, Nest: sandbox.Nest, Volume: a.volumes.Lend, Fetch: fetch.Fetch, Post: a.post, Images: images, Origins: origins,
		Parallel: launchesPerCore * goruntime.NumCPU(), Log: d.log,
	})
	a.adhoc = adhoc.New(context.WithoutCancel(ctx), adhoc.Config{
		Runtime: rt, Sandbox: a.sandboxOf, WorkDir: d.cfg.WorkDir, Hidden: d.hidden(), Pids: d.cfg.PidsLimit, Log: d.log,
	})
	a.prober = prober.New(context.WithoutCancel(ctx), prober.Config{Runtime: rt, Post: a.post, Log: d.log})
	a.executors = executorapi.New(executorapi.Config{Post: a.post, Log: d.log})
	a.disk = diskwatch.New(diskwatch.Config{
		Running: a.alive, Interval: d.cfg.DiskWatch, Enforce: d.cfg.EnforceDisk,
		Also: func(c workload.RunningContainer) []string { return []string{shimclient.Written(d.cfg.WorkDir, c.ID)} },
		Exceeded: func(ctx context.Context, id ids.Container, used, limit int64) error {
			return a.post(ctx, workload.DiskExceeded{Container: id, Used: used, Limit: limit})
		},
	})
	a.usage = usage.New(usage.Config{Running: a.running, Stats: rt.Stats, Disk: a.disk.Used, Host: d.host.usage})
	a.logLimit = d.cfg.LogLimit << 20
	a.logs = tasklog.New(tasklog.Config{Logs: a.logFiles, Log: d.log})
	a.gc = gc.New(gc.Config{
		WorkDir: d.cfg.WorkDir, Delay: d.cfg.GCDelay, Interval: d.cfg.DiskInterval, Headroom: d.cfg.GCHeadroom,
		DiskUsed: func() (used, total int64) { u := a.usage.Host(); return u.DiskBytes, u.DiskTotalBytes },
		Log:      d.log,
		Count:    func(name string) { d.metrics.Counter(name).Add(1) },
		Deleted: func(run string) {
			if err := origins.Forget(ids.Container(run)); err != nil {
				d.log.Warn("what an ended container was made of stays on the disk", logkey.Container(ids.Container(run)), logkey.Err(err))
			}
		},
	})
	d.metrics.Gauge("gc/path_removals_pending", a.gc.Pending)
	d.metrics.Gauge("slave/executor_directory_max_allowed_age_secs", a.gc.Allowed)
	return a
}

func (d *daemon) machineConfig(bootID string) workload.Config {
	var env []string
	for name, value := range d.cfg.ExecutorEnv {
		env = append(env, name+"="+value)
	}
	if ip, ok := os.LookupEnv("LIBPROCESS_IP"); ok {
		env = append(env, "LIBPROCESS_IP="+ip) // the one variable of the agent's own that executors inherit (spec 3.10)
	}
	return workload.Config{
		Register: &agentlink.Register{
			LinkVersion: version.Link, Version: version.Reeve, BootId: bootID, HostBootId: d.host.bootID,
			AgentInfo: d.agentInfo(), HttpAddress: d.httpAddr(), GossipName: d.cfg.Name,
		},
		IP: d.cfg.AdvertiseIP,
		Launch: launch.Host{
			HTTP: d.httpAddr(), WorkDir: d.cfg.WorkDir, Hidden: d.hidden(), SwitchUser: d.cfg.SwitchUser,
			PidsLimit: d.cfg.PidsLimit, ExtraEnv: env,
			Effective: d.cfg.Effective, Bounding: d.cfg.Bounding, HostPaths: d.cfg.HostPaths,
			ShareHostPIDs: !d.cfg.OwnPIDs, ShareHostIPC: !d.cfg.OwnIPC,
		},
		RegistrationTimeout: d.cfg.RegistrationTimeout, ReregistrationTimeout: d.cfg.ReregistrationTimeout,
		ShutdownGrace: d.cfg.ShutdownGrace, KillGrace: 3 * time.Second,
		UpdateRetry: 10 * time.Second, UpdateRetryMax: 10 * time.Minute,
		NewUUID: uuid.New,
	}
}

// start runs the loop and has it recover; what follows finds a machine that knows everything.
func (a *agent) start(ctx context.Context, undo *run.Cleanups, recovered workload.Recovered) error {
	begin := time.Now()
	pumpGroup := run.NewGroup(context.WithoutCancel(ctx))
	a.core = run.NewGroup(context.WithoutCancel(ctx))
	pumpGroup.Go("effects", func(ctx context.Context) error {
		err := a.pump.run(ctx)
		if ctx.Err() == nil {
			a.core.Go("effects", func(context.Context) error { return err }) // a disk that fails ends the agent
		}
		return err
	})
	undo.Add("supervisors", detachTimeout, func(context.Context) error { return a.supervisors.Detach() })
	undo.Add("prober", closeTimeout, func(context.Context) error { return a.prober.Stop() })
	undo.Add("effects", closeTimeout, func(context.Context) error { pumpGroup.Stop(); return pumpGroup.Wait() })
	undo.Add("loop", closeTimeout, func(context.Context) error { a.core.Stop(); return a.core.Wait() })
	a.core.Go("loop", a.loop.Run)
	if err := a.loop.Post(ctx, recovered); err != nil {
		return err
	}
	v, err := a.view(ctx)
	if err != nil {
		return err
	}
	inUse, tasks := map[string]bool{}, 0
	for _, fw := range v.Frameworks {
		for _, e := range fw.Executors {
			inUse[e.Sandbox] = true
			tasks += len(e.Tasks)
		}
	}
	if err := a.findSandboxes(inUse); err != nil {
		return err
	}
	a.recovered.Store(true)
	a.executors.Ready()
	took := time.Since(begin).Seconds()
	a.metrics.Gauge("slave/recovery_time_secs", func() float64 { return took })
	a.log.Info("recovered", logkey.Count(tasks), logkey.Took(time.Since(begin)))
	return nil
}

func (a *agent) post(ctx context.Context, in workload.Input) error { return a.loop.Post(ctx, in) }

// failed is closed when the loop or the disk cannot go on; err says why.
func (a *agent) failed() <-chan struct{} { return a.core.Done() }

func (a *agent) err() error { return a.core.Wait() }

// view reads the machine between two turns.
func (a *agent) view(ctx context.Context) (v *workload.View, err error) {
	err = a.loop.Inspect(ctx, func() { v = a.machine.View() })
	return v, err
}

// alive lists what runs, pods among it.
func (a *agent) alive(ctx context.Context) (list []workload.RunningContainer, err error) {
	err = a.loop.Inspect(ctx, func() { list = a.machine.Running() })
	return list, err
}

// running lists the containers that have processes.
func (a *agent) running(ctx context.Context) ([]workload.RunningContainer, error) {
	list, err := a.alive(ctx)
	return slices.DeleteFunc(list, func(c workload.RunningContainer) bool { return c.Pod }), err
}

// sandboxOf is where a running container of the workload keeps its files, "" for one that does not run.
func (a *agent) sandboxOf(ctx context.Context, id ids.Container) (string, error) {
	list, err := a.running(ctx)
	for _, c := range list {
		if c.ID == id {
			return c.Sandbox, nil
		}
	}
	return "", err
}

// logFiles lists what running containers write to.
func (a *agent) logFiles(ctx context.Context) ([]tasklog.Log, error) {
	running, err := a.running(ctx)
	logs := make([]tasklog.Log, 0, 2*len(running))
	for _, c := range running {
		logs = append(logs, logsOf(c.Sandbox, cmp.Or(c.StdoutLimit, a.logLimit), cmp.Or(c.StderrLimit, a.logLimit))...)
	}
	nested, alone := a.adhoc.List()
	for _, c := range append(nested, alone...) {
		if c.Sandbox != "" { // sessions have none
			logs = append(logs, logsOf(c.Sandbox, a.logLimit, a.logLimit)...)
		}
	}
	return logs, err
}

func logsOf(sandbox string, stdout, stderr int64) []tasklog.Log {
	return []tasklog.Log{{Sandbox: sandbox, Name: "stdout", Limit: stdout}, {Sandbox: sandbox, Name: "stderr", Limit: stderr}}
}

// id is who we are, "" before a master has said so.
func (a *agent) id(ctx context.Context) ids.Agent {
	v, err := a.view(ctx)
	if err != nil {
		return ""
	}
	return ids.Agent(v.Agent.GetId().GetValue())
}

// drain ends every task and waits until that is done and told; it says whether it was, in the time there is.
func (a *agent) drain(ctx context.Context, untold bool) bool {
	if err := a.post(ctx, workload.Drain{Untold: untold}); err != nil {
		return false
	}
	select {
	case <-a.drained:
		return true
	case <-ctx.Done():
		a.log.Warn("not every task has ended, or been told of, in time; the next agentd sees to the rest")
		return false
	}
}

// deliver carries out one effect. It runs on the pump and must not block.
func (a *agent) deliver(eff workload.Effect) {
	switch eff := eff.(type) {
	case workload.Send:
		if link := a.link.Load(); link != nil {
			link.Send(eff.Conn, eff.Message)
		}
	case workload.ToExecutor:
		a.executors.Send(eff.Stream, eff.Event)
	case workload.CloseExecutor:
		a.executors.Close(eff.Stream)
	case workload.Reply:
		a.executors.Reply(eff.Ticket, eff.Err)
	case workload.LogsEnded:
		a.logs.Last(logsOf(eff.Sandbox, cmp.Or(eff.Stdout, a.logLimit), cmp.Or(eff.Stderr, a.logLimit))...)
	case workload.SandboxEnded:
		a.gc.Ended(eff.Path)
	case workload.Happened:
		a.happened(eff)
	case workload.Count:
		a.metrics.Counter(eff.Name).Add(1)
	case workload.Probe:
		a.prober.Do(eff)
	case workload.Drained:
		close(a.drained)
	default:
		a.volumes.Do(eff)
		a.supervisors.Do(eff)
	}
}

// happened logs a transition: agents, frameworks, and executors from their start on for everybody, the rest for those who debug.
func (a *agent) happened(eff workload.Happened) {
	level := slog.LevelDebug
	switch eff.Noun {
	case "agent":
		level = slog.LevelInfo
		if eff.To == "registered" {
			select {
			case a.named <- ids.Agent(eff.ID):
			default: // known already
			}
		}
	case "framework":
		level = slog.LevelInfo
	case "executor":
		switch eff.To {
		case lifecycle.Running.String(), lifecycle.Cancelling.String(), lifecycle.Stopping.String(), lifecycle.Killing.String(), lifecycle.Exited.String():
			level = slog.LevelInfo
		}
		a.log.LogAttrs(context.Background(), level, "state changed", logkey.Noun(eff.Noun), logkey.ID(eff.ID),
			logkey.Container(eff.Container), logkey.From(eff.From), logkey.To(eff.To), logkey.Reason(eff.Reason))
		return
	}
	a.log.LogAttrs(context.Background(), level, "state changed",
		logkey.Noun(eff.Noun), logkey.ID(eff.ID), logkey.From(eff.From), logkey.To(eff.To), logkey.Reason(eff.Reason))
}

// observe watches over the time of turns.
func (a *agent) observe(in workload.Input, took time.Duration) {
	a.metrics.Counter("slave/event_turns").Add(1)
	if took > slowTurn {
		a.log.Warn("a turn of the loop was slow", logkey.Input(workload.Kind(in)), logkey.Took(took))
	}
}

// findSandboxes takes in the sandboxes that earlier agentds left, and forgets what belonged to those that are gone.
func (a *agent) findSandboxes(inUse map[string]bool) error {
	found, err := a.gc.Find(inUse)
	if err != nil {
		return err
	}
	runs := map[ids.Container]bool{}
	for _, dir := range found {
		runs[ids.Container(filepath.Base(dir))] = true
	}
	return a.origins.Keep(runs)
}

// handler is everything that this agent serves over HTTP.
func (a *agent) handler(d *daemon) http.Handler {
	return httpapi.New(httpapi.Config{
		View: a.view, Ready: a.recovered.Load, Stats: a.runtime.Stats, Containers: a.adhoc,
		Usage: func(history time.Duration, task string) (reeveapi.Usage, error) {
			return a.usage.Usage(task, history), nil
		},
		Host: d.host.detail, Kept: func() time.Duration { return time.Duration(a.gc.Allowed() * float64(time.Second)) },
		Disk: func(id ids.Container) (int64, bool) {
			c, ok := a.usage.Container(id)
			return c.Usage.DiskBytes, ok
		},
		Master: func() string {
			addr, ok := d.link.Connected()
			if !ok {
				return ""
			}
			host, _, _ := strings.Cut(addr, ":")
			return host
		},
		Hostname: d.cfg.Hostname, HTTP: d.httpAddr(), Executor: a.executors, Started: d.started,
		Flags: d.cfg.Flags, Metrics: d.metrics, Logger: d.log, Verbosity: d.logging.Verbosity, LogFile: d.logging.File,
		Images: a.images, Origin: a.origins.Of, GPUs: a.runtime.GPUs,
	})
}

// agentInfo is what a master is told of this host.
func (d *daemon) agentInfo() *mesosv1.AgentInfo {
	return &mesosv1.AgentInfo{
		Hostname: &d.cfg.Hostname, Port: new(int32(transport.PortOf(d.listener.Addr()))), //nolint:gosec // a port has 16 bits
		Resources: d.host.resources.Proto(), Attributes: d.host.attributes,
		Domain: d.cfg.DomainInfo,
	}
}
