package daemon

import (
	"context"
	"time"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/image"
	"codeberg.org/reeve/reeve/agentd/image/source"
	"codeberg.org/reeve/reeve/agentd/image/store"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
)

// openImages opens the store. containers are those that are there.
func (d *daemon) openImages(ctx context.Context, containers []runtime.Recovered) (*store.Store, error) {
	cfg := d.cfg.Images
	sources, err := source.New(source.Config{
		DockerConfig: cfg.Config, CA: cfg.CA, Plain: cfg.Plain, Stall: d.cfg.FetcherStall, TempDir: store.TempDir(cfg.StoreDir),
	})
	if err != nil {
		return nil, err
	}
	images, err := store.Open(context.WithoutCancel(ctx), store.Config{
		Dir: cfg.StoreDir, Places: image.Places{Registry: cfg.Registry, Local: cfg.Local, Dir: cfg.Dir}, Sources: sources, Log: d.log,
		Count: func(name string) { d.metrics.Counter(name).Add(1) },
		Took:  func(name string, took time.Duration) { d.metrics.Timer(name).Observe(took) },
		Keep: store.Keep{
			Bytes: cfg.Bytes, Age: cfg.Age, Headroom: d.cfg.GCHeadroom, Disk: disk, Interval: d.cfg.DiskInterval,
		},
	})
	if err != nil {
		return nil, fault.Wrap(fault.KindOf(err), err, "open the images in %s", cfg.StoreDir)
	}
	d.undo.Add("images", closeTimeout, func(context.Context) error { return images.Close() })
	d.metrics.Gauge("containerizer/mesos/provisioner/docker_store/images", func() float64 { n, _ := images.Usage(); return float64(n) })
	d.metrics.Gauge("containerizer/mesos/provisioner/docker_store/bytes", func() float64 { _, bytes := images.Usage(); return float64(bytes) })
	return images, images.Retain(idsOf(containers))
}

func idsOf(containers []runtime.Recovered) (list []ids.Container) {
	for _, c := range containers {
		list = append(list, c.ID)
	}
	return list
}

// disk is how much of the disk that holds a directory is free.
func disk(dir string) (free, total int64) {
	var st unix.Statfs_t
	if unix.Statfs(dir, &st) != nil {
		return 0, 0
	}
	return int64(st.Bavail) * st.Bsize, int64(st.Blocks) * st.Bsize
}

// hidden are directories that no container sees.
func (d *daemon) hidden() []string {
	return []string{d.cfg.WorkDir, d.cfg.FetcherCacheDir, d.cfg.Images.StoreDir}
}
