//go:build linux && cgo

package main

import (
	"fmt"
	"slices"
	"sync"

	"github.com/moby/profiles/seccomp"
	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/runc/libcontainer"
	"github.com/opencontainers/runc/libcontainer/configs"
	"github.com/opencontainers/runc/libcontainer/specconv"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/containerspec"
	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/shared/fault"
)

// converter turns OCI specs into what libcontainer takes.
type converter struct {
	rootless bool

	mu       sync.Mutex // guards profiles
	profiles map[string]*configs.Seccomp
}

func newConverter(rootless bool) *converter {
	return &converter{rootless: rootless, profiles: make(map[string]*configs.Seccomp)}
}

func (v *converter) config(id string, spec *specs.Spec, filter shimapi.Seccomp) (*configs.Config, error) {
	if spec == nil || spec.Process == nil || spec.Linux == nil || spec.Root == nil {
		return nil, fmt.Errorf("container %s: its spec lacks process, linux or root", id)
	}
	config, err := specconv.CreateLibcontainerConfig(&specconv.CreateOpts{
		CgroupName: id, Spec: spec, NoNewKeyring: true, RootlessCgroups: v.rootless,
	})
	if err != nil {
		return nil, err
	}
	proportional(config.Cgroups.Resources)
	if !filter.Unconfined {
		config.Seccomp, err = v.profile(spec, filter.Profile)
	}
	return config, err
}

// proportional makes the weight of v2 what shares are on v1: who asks for twice the CPUs gets twice as much of them.
// libcontainer's own conversion is a curve, by which it would be 1.7 times as much. One CPU weighs what the kernel gives by
// default.
func proportional(r *cgroups.Resources) {
	const defaultWeight, most = 100, 10_000
	if r.CpuShares != 0 {
		r.CpuWeight = min(max(1, (r.CpuShares*defaultWeight+defaultShares/2)/defaultShares), most)
	}
}

// profile returns the seccomp profile for a spec's capabilities: the default one, or what custom holds in Docker's form.
// Building one takes milliseconds, and there are two of them in practice.
func (v *converter) profile(spec *specs.Spec, custom []byte) (*configs.Seccomp, error) {
	key := string(custom)
	if spec.Process.Capabilities != nil {
		key += fmt.Sprint(spec.Process.Capabilities.Bounding)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if p, ok := v.profiles[key]; ok {
		return p, nil
	}
	profile, err := makeProfile(spec, custom)
	if err != nil {
		return nil, err
	}
	// Rules for the two 32-bit architectures would cost every launch 12 ms; 32-bit programs are killed instead.
	profile.Architectures = slices.DeleteFunc(profile.Architectures, func(a specs.Arch) bool {
		return a == specs.ArchX86 || a == specs.ArchX32 || a == specs.ArchARM
	})
	p, err := specconv.SetupSeccomp(profile)
	if err != nil {
		return nil, fmt.Errorf("make the seccomp profile: %w", err)
	}
	v.profiles[key] = p
	return p, nil
}

func makeProfile(spec *specs.Spec, custom []byte) (*specs.LinuxSeccomp, error) {
	if len(custom) > 0 {
		profile, err := seccomp.LoadProfile(string(custom), spec)
		if err != nil {
			return nil, fault.New(fault.Invalid, "the seccomp profile cannot be used: %v", err)
		}
		return profile, nil
	}
	profile, err := seccomp.GetDefaultProfile(spec)
	if err != nil {
		return nil, fmt.Errorf("make the seccomp profile: %w", err)
	}
	return profile, nil
}

// process converts what specconv leaves out: everything of the process itself.
func process(p *specs.Process) (*libcontainer.Process, error) {
	lp := &libcontainer.Process{
		Args: p.Args, Env: p.Env, Cwd: p.Cwd,
		UID: int(p.User.UID), GID: int(p.User.GID),
		NoNewPrivileges: &p.NoNewPrivileges,
		AppArmorProfile: p.ApparmorProfile,
		Init:            true,
	}
	for _, gid := range p.User.AdditionalGids {
		lp.AdditionalGroups = append(lp.AdditionalGroups, int(gid))
	}
	if c := p.Capabilities; c != nil {
		lp.Capabilities = &configs.Capabilities{
			Bounding: c.Bounding, Effective: c.Effective, Inheritable: c.Inheritable, Permitted: c.Permitted, Ambient: c.Ambient,
		}
	}
	for _, r := range p.Rlimits {
		kind, ok := containerspec.RlimitKind(r.Type)
		if !ok {
			return nil, fmt.Errorf("resource limit %s is not supported", r.Type)
		}
		lp.Rlimits = append(lp.Rlimits, configs.Rlimit{Type: kind, Hard: r.Hard, Soft: r.Soft})
	}
	return lp, nil
}

// withLimits has init.c set the command's limits at the last moment: low ones would keep libcontainer from setting the
// container up. What is beyond the shim's own only libcontainer can raise, before it.
func withLimits(lp *libcontainer.Process) error {
	args := []string{lp.Args[0]}
	var raised []configs.Rlimit
	for _, r := range lp.Rlimits {
		args = append(args, fmt.Sprintf("-l%d:%d:%d", r.Type, r.Soft, r.Hard))
		var own unix.Rlimit
		if err := unix.Getrlimit(r.Type, &own); err != nil {
			return fmt.Errorf("read the shim's own limits: %w", err)
		}
		if r.Hard > own.Max {
			raised = append(raised, configs.Rlimit{Type: r.Type, Hard: r.Hard, Soft: own.Cur})
		}
	}
	lp.Args, lp.Rlimits = append(append(args, "--"), lp.Args[1:]...), raised
	return nil
}
