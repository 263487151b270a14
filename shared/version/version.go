// Package version says what was built. It owns the numbers that are shown to people and told to Mesos clients, which
// differ: clients of Mesos read a Mesos version. Start reading at Reeve.
package version

import "runtime/debug"

// Reeve is the version of this source tree.
const Reeve = "0.1.0"

// Mesos is the version of the API that is spoken; clients compare it, so it has to look like one of Mesos.
const Mesos = "1.12.0"

// Link is the version of the protocol between agents and masters; see shared/agentlink.
const Link = 1

// Commit returns the revision the binary was built from, or "" if the build did not record it.
func Commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}
