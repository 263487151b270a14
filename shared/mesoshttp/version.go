package mesoshttp

import (
	"os"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/version"
)

// Build describes this binary for /version and GET_VERSION. The version is the one of Mesos whose API is spoken, because
// clients compare it.
func Build() *mesosv1.VersionInfo {
	built := builtAt()
	info := &mesosv1.VersionInfo{
		Version:   proto.String(version.Mesos),
		BuildDate: new(built.UTC().Format("2006-01-02 15:04:05 UTC")),
		BuildTime: new(float64(built.Unix())),
		BuildUser: new(version.Builder()),
	}
	if sha := version.Commit(); sha != "" {
		info.GitSha = new(sha)
	}
	return info
}

// builtAt is the time of the commit that was built, or of the binary if the build did not record it.
func builtAt() time.Time {
	if at := version.Built(); !at.IsZero() {
		return at
	}
	path, err := os.Executable()
	if err != nil {
		return time.Unix(0, 0)
	}
	info, err := os.Stat(path)
	if err != nil {
		return time.Unix(0, 0)
	}
	return info.ModTime()
}
