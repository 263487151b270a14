package image

import (
	"path"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"codeberg.org/reeve/reeve/shared/fault"
)

// Kind is the kind of place that an image comes from.
type Kind int

// The kinds.
const (
	Registry  Kind = iota
	Layout         // a directory as the OCI image layout describes it
	OCITar         // such a directory in a tarball
	DockerTar      // what docker save writes
)

// Place is where a name leads.
type Place struct {
	Kind   Kind
	Ref    name.Reference // in a registry
	Path   string         // on the host
	Tag    string         // in Path; "" for the only image there
	Digest string         // that the image must have; "" for any
}

// Key names the place for caches: equal keys mean the same image.
func (p Place) Key() string {
	if p.Kind == Registry {
		return p.Ref.Name()
	}
	return strings.Join([]string{prefixes[p.Kind], p.Path, p.Tag, p.Digest}, ":")
}

var prefixes = map[Kind]string{Layout: "oci", OCITar: "oci-archive", DockerTar: "docker-archive"}

// Places says where names lead on an agent.
type Places struct {
	Registry string // host of names without one; "" for Docker Hub
	Local    string // directory of tarballs for names without a registry, instead of Registry; "" for none
	Dir      string // directory of the images that names of the form oci:PATH lead to; "" for none
}

// maxName is the longest name that is looked at; registries allow 255 characters for a repository.
const maxName = 1024

// Parse finds out where a name leads:
//
//	alpine, library/alpine:3, quay.io/x/y:v1, 127.0.0.1:5000/x@sha256:…   a registry
//	oci:PATH[:TAG]  oci-archive:PATH[:TAG]  docker-archive:PATH[:NAME]    below Dir
//
// An error has the kind Invalid.
func (p Places) Parse(text string) (Place, error) {
	switch {
	case text == "":
		return Place{}, fault.New(fault.Invalid, "the image has no name; give one such as alpine:3")
	case len(text) > maxName:
		return Place{}, fault.New(fault.Invalid, "the image's name has %d characters; the most is %d", len(text), maxName)
	}
	for kind, prefix := range prefixes {
		if rest, ok := strings.CutPrefix(text, prefix+":"); ok {
			return p.local(kind, text, rest)
		}
	}
	text = strings.TrimPrefix(text, "docker://")
	if p.Local != "" && !namesRegistry(text) {
		return p.archive(text)
	}
	var options []name.Option
	if p.Registry != "" {
		options = append(options, name.WithDefaultRegistry(p.Registry))
	}
	ref, err := name.ParseReference(text, options...)
	if err != nil {
		return Place{}, fault.New(fault.Invalid, "image %q is not a name of the form [registry/]repository[:tag][@digest]: %v", text, err)
	}
	return Place{Ref: ref}, nil
}

// local is an image below Dir. Whoever writes names is no operator of this host: they lead nowhere else.
func (p Places) local(kind Kind, text, rest string) (Place, error) {
	place := Place{Kind: kind}
	if before, digest, ok := strings.Cut(rest, "@"); ok {
		rest, place.Digest = before, digest
		if _, err := name.NewDigest("image@" + digest); err != nil {
			return Place{}, fault.New(fault.Invalid, "image %q has a digest that is none; write it as sha256: and 64 hexadecimal digits", text)
		}
	}
	rel, tag, _ := strings.Cut(rest, ":")
	place.Tag = tag
	switch {
	case p.Dir == "":
		return Place{}, fault.New(fault.Invalid, "image %q is a file of the agent's host, and this agent has no directory for such; start it with --image-dir", text)
	case !filepath.IsLocal(rel) || strings.ContainsRune(rel, 0):
		return Place{}, fault.New(fault.Invalid, "image %q must lead to somewhere below %s; write a path relative to that", text, p.Dir)
	}
	place.Path = filepath.Join(p.Dir, rel)
	return place, nil
}

// archive is a tarball that is named as the image, as Mesos has it for a --docker-registry that is a directory.
func (p Places) archive(text string) (Place, error) {
	if _, err := name.ParseReference(text); err != nil || !filepath.IsLocal(text) {
		return Place{}, fault.New(fault.Invalid, "image %q is not a name of the form repository[:tag]", text)
	}
	return Place{Kind: DockerTar, Path: filepath.Join(p.Local, text+".tar")}, nil
}

// namesRegistry says whether a name starts with a registry: docker's rule is that its first part has a dot or a port, or is
// localhost.
func namesRegistry(text string) bool {
	first, _, more := strings.Cut(text, "/")
	return more && strings.Trim(first, ".") != "" && (strings.ContainsAny(first, ".:") || first == "localhost")
}

// Inside makes a path of an image's configuration absolute; "" stays "".
func Inside(p string) string {
	if p == "" {
		return ""
	}
	return path.Clean("/" + p)
}
