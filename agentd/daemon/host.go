package daemon

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/agentd/config"
	"codeberg.org/reeve/reeve/agentd/hostinfo"
	"codeberg.org/reeve/reeve/agentd/image/store"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
)

// host is what this machine has to offer and how it is doing.
type host struct {
	resources  resources.Resources
	attributes []*mesosv1.Attribute
	bootID     string
	sampler    *hostinfo.Sampler
	log        *slog.Logger
}

// newHost measures the machine; what the operator says counts more.
func newHost(cfg config.Config, log *slog.Logger) (*host, error) {
	measured, err := hostinfo.Measure(cfg.WorkDir)
	if err != nil {
		return nil, err
	}
	h := &host{bootID: measured.BootID, sampler: hostinfo.NewSampler(cfg.WorkDir), log: log}
	if h.resources, err = offered(cfg, measured.Resources); err != nil {
		return nil, err
	}
	attributes := cfg.Attributes
	if attributes == "" {
		attributes = measured.Attributes
	}
	if h.attributes, err = resources.ParseAttributes(attributes); err != nil {
		return nil, fault.New(fault.Invalid, `--attributes %q: %v; write them as "rack:a1;ssd:true"`, attributes, err)
	}
	return h, nil
}

// offered are the resources that the operator named, and of the usual ones that were not named what was measured.
func offered(cfg config.Config, measured resources.Resources) (resources.Resources, error) {
	named, err := resources.Parse(cfg.Resources, cfg.DefaultRole)
	if err != nil {
		return resources.Resources{}, fault.New(fault.Invalid, `--resources %q: %v; write them as "cpus:4;mem:8192;ports:[31000-32000]"`, cfg.Resources, err)
	}
	var rest []string
	for _, name := range measured.Names() {
		if !slices.Contains(named.Names(), name) {
			rest = append(rest, name+":"+measured.Text(name))
		}
	}
	others, err := resources.Parse(strings.Join(rest, ";"), cfg.DefaultRole)
	if err != nil {
		return resources.Resources{}, fault.New(fault.Invalid, "--default-role %q: %v", cfg.DefaultRole, err)
	}
	return named.Plus(others), nil
}

// describe is for the line on stdout.
func (h *host) describe() string {
	return fmt.Sprintf("offers cpus %s, mem %s, disk %s", h.resources.Text("cpus"), h.resources.Text("mem"), h.resources.Text("disk"))
}

// usage looks at the host now.
func (h *host) usage() reeveapi.HostUsage {
	u, err := h.sampler.Sample()
	if err != nil {
		h.log.Debug("host could not be measured whole", logkey.Err(err))
	}
	return u
}

// detail looks at the host closely, for somebody who wants to see it.
func (h *host) detail() reeveapi.HostDetail {
	d, err := hostinfo.Detail()
	if err != nil {
		h.log.Debug("host could not be looked at whole", logkey.Err(err))
	}
	return d
}

// beat is a look at the host as heartbeats carry it.
func beat(u reeveapi.HostUsage, images *store.Store) *agentlink.HostUsage {
	return &agentlink.HostUsage{
		Images: imageNames(images),
		Cpus:   u.CPUs, Load1: u.Load1, MemBytes: u.MemBytes, MemTotalBytes: u.MemTotalBytes, DiskBytes: u.DiskBytes,
		DiskTotalBytes: u.DiskTotalBytes, NetReceiveBytes: u.NetReceiveBytes, NetSendBytes: u.NetSendBytes,
	}
}

// mostImages bounds what masters are told of: where an agent has more, not all are preferred.
const mostImages = 1000

// imageNames lists the images that are here.
func imageNames(images *store.Store) *agentlink.ImageNames {
	names := &agentlink.ImageNames{}
	if images == nil {
		return names
	}
	names.Names = images.Names()
	names.Names = names.Names[:min(len(names.Names), mostImages)]
	return names
}
