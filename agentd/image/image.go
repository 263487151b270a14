// Package image is the vocabulary of container images: which image somebody asks for, where its name leads, and what a
// container in it gets. It owns the rules for names, and does no I/O: agentd/image/source brings images here,
// agentd/image/layer unpacks them, agentd/image/store keeps them. Start reading at Ask.
package image

import "time"

// Ask is an image that a container is to run in.
type Ask struct {
	Name     string // as the framework wrote it
	Force    bool   // ask the registry whether the name means something newer, whatever is here
	Username string // for the registry; "" for what the agent's own configuration says
	Password string
	Config   []byte // the framework's own configuration for registries, as docker's config.json; nil without
}

// Image is an image that is here. Its layers stay for as long as the container that asked for it.
type Image struct {
	Name   string
	Digest string   // of the manifest: "sha256:…"
	Layers []string // directories, topmost first, as overlayfs takes them
	Config Config

	Bytes  int64         // of its layers, unpacked
	Pulled int64         // bytes that were brought for it; 0 if all of it was here
	Took   time.Duration // to bring them, or to find that nothing is missing
}

// Config is what an image says of containers in it.
type Config struct {
	Entrypoint []string `json:"entrypoint,omitempty"`
	Cmd        []string `json:"cmd,omitempty"`
	Env        []string `json:"env,omitempty"` // KEY=value
	User       string   `json:"user,omitempty"`
	WorkDir    string   `json:"work_dir,omitempty"`
	Volumes    []string `json:"volumes,omitempty"`     // directories for data
	StopSignal string   `json:"stop_signal,omitempty"` // what asks it to end, as STOPSIGNAL names it; "" for SIGTERM
}
