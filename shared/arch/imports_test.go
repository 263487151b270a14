package arch

import (
	"slices"
	"strings"
	"testing"
)

// only says that a dangerous dependency has the named importers (folders, with what is below them) and no others.
var only = []struct {
	dependency string
	importers  []string
	reason     string
}{
	{"github.com/opencontainers/runc", []string{"agentd/shim"}, "libcontainer forks, locks threads and needs cgo: one small program links it"},
	{"github.com/containernetworking/cni", []string{"agentd/network"}, "whoever joins a network has to note how to leave it"},
	{"github.com/hashicorp/raft", []string{"masterd/consensus"}, "raft's contracts about threads and futures are kept in one place"},
	{"github.com/hashicorp/serf", []string{"shared/gossip"}, "Serf blocks, panics on large tags and logs by itself: one wrapper tames it"},
	{"github.com/hashicorp/memberlist", []string{"shared/gossip"}, "it belongs to Serf"},
	{"github.com/shirou/gopsutil", []string{"agentd/hostinfo"}, "what a host has is measured in one place"},
	{"github.com/charmbracelet/bubbletea", []string{"tui"}, "only the console is a terminal program"},
	{"google.golang.org/grpc", []string{"shared/agentlink", "masterd/agentlink", "agentd/masterlink", "masterd/daemon", "agentd/daemon"}, "gRPC is for the link alone"},
	{"github.com/prometheus/client_golang", []string{"shared/metrics"}, "metrics have one registry"},
}

func TestDangerousDependenciesHaveOneImporter(t *testing.T) {
	files := tree(t)
	for _, rule := range only {
		used := false
		for _, f := range files {
			if !slices.ContainsFunc(f.imports, func(i string) bool { return under(i, rule.dependency) }) {
				continue
			}
			used = true
			if !slices.ContainsFunc(rule.importers, func(dir string) bool { return under(f.dir, dir) }) {
				t.Errorf("%s imports %s; only %v may: %s", f.path, rule.dependency, rule.importers, rule.reason)
			}
		}
		if !used {
			t.Errorf("nothing imports %s: this rule guards nothing", rule.dependency)
		}
	}
}

// programs are the folders that become binaries of their own.
var programs = []string{"masterd", "agentd", "tui"}

func TestProgramsKnowEachOtherOnlyThroughShared(t *testing.T) {
	files := tree(t)
	for _, f := range files {
		from, _, _ := strings.Cut(f.path, "/")
		for _, path := range f.imports {
			own, ok := strings.CutPrefix(path, module)
			if !ok {
				continue
			}
			to, _, _ := strings.Cut(own, "/")
			if slices.Contains(programs, to) && to != from {
				t.Errorf("%s imports %s: programs never import each other, and shared imports no program", f.path, path)
			}
		}
	}
}

// machines are pure: they decide, and somebody else does.
var machines = []string{
	"masterd/cluster", "masterd/ledger", "masterd/offering", "masterd/status", "masterd/turn", "masterd/view", "masterd/message",
	"masterd/deadlines", "masterd/allocator", "masterd/jobs", "masterd/validate", "agentd/workload", "agentd/roster", "agentd/lifecycle", "agentd/pod", "agentd/check", "agentd/turn", "agentd/view", "agentd/memory",
	"masterd/jobrecord", "masterd/livejob", "masterd/secretbook", "masterd/jobcall", "masterd/placement", "masterd/taskinfo",
}

func TestMachinesAreCalledByTheirLoopsOnly(t *testing.T) {
	// Edges may read a machine's vocabulary (inputs, effects, views); these folders may not know of it at all.
	strangers := []string{"masterd/registry", "masterd/consensus", "agentd/shim", "agentd/runtime", "agentd/shimclient", "agentd/sandbox", "agentd/fetcher", "agentd/hostinfo"}
	files := tree(t)
	for _, f := range files {
		if !slices.ContainsFunc(strangers, func(dir string) bool { return under(f.dir, dir) }) {
			continue
		}
		for _, path := range f.imports {
			own, ok := strings.CutPrefix(path, module)
			if ok && slices.Contains(machines, own) {
				t.Errorf("%s imports %s: what lies below a machine never looks up at it", f.path, own)
			}
		}
	}
}

// under tells whether path is dir or lies below it.
func under(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }
