// Package version says what was built. It owns the numbers that are shown to people and told to Mesos clients, which
// differ: clients of Mesos read a Mesos version. Start reading at Reeve.
package version

import (
	"runtime/debug"
	"strings"
	"time"
)

// Reeve is the version of this source tree.
const Reeve = "0.1.0"

// Mesos is the version of the API that is spoken; clients compare it, so it has to look like one of Mesos.
const Mesos = "1.12.0"

// Link is the version of the protocol between agents and masters; see shared/agentlink.
const Link = 1

// commit and date are set by the linker where packages are built, so that the same commit makes the same bytes wherever
// its source lies. Other builds have what Go records of the checkout.
var commit, date string

// builder is set by the linker where somebody wants it known; packages leave it out, as it would make equal sources differ.
var builder string

// Builder returns who built the binary, or "" if the build was not told: -ldflags '-X …/shared/version.builder=NAME'.
func Builder() string { return builder }

// Built is Date as a time, zero if the build did not record it.
func Built() time.Time {
	at, err := time.Parse(time.RFC3339, Date())
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// Commit returns the revision the binary was built from, or "" if the build did not record it.
func Commit() string { return recorded(commit, "vcs.revision") }

// Date returns when that commit was made, in UTC as 2026-01-31T12:00:00Z, or "" if the build did not record it.
func Date() string { return recorded(date, "vcs.time") }

func recorded(linked, key string) string {
	if linked != "" {
		return linked
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// Full is the version for people who report a problem: "0.1.0 (commit 0123456789ab of 2026-01-31T12:00:00Z)".
func Full() string { return full(Reeve, Commit(), Date()) }

// shownCommit is how much of a commit is shown; it is unique in any repository of this size.
const shownCommit = 12

func full(version, commit, date string) string {
	if commit == "" {
		return version
	}
	var b strings.Builder
	b.WriteString(version + " (commit " + commit[:min(len(commit), shownCommit)])
	if date != "" {
		b.WriteString(" of " + date)
	}
	return b.String() + ")"
}
