package source

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"codeberg.org/reeve/reeve/agentd/image"
	"codeberg.org/reeve/reeve/shared/fault"
)

// tagAnnotation is where a layout says what its images are called.
const tagAnnotation = "org.opencontainers.image.ref.name"

// fromLayout finds an image in an OCI image layout: the one with the tag, or the only one.
func fromLayout(dir, tag string) (v1.Image, error) {
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	var found []v1.Descriptor
	for _, d := range manifest.Manifests {
		if tag == "" || d.Annotations[tagAnnotation] == tag {
			found = append(found, d)
		}
	}
	switch {
	case len(found) == 0 && tag != "":
		return nil, fault.New(fault.NotFound, "%s holds no image with the tag %s", dir, tag)
	case len(found) == 0:
		return nil, fault.New(fault.NotFound, "%s holds no image", dir)
	case len(found) > 1 && !allHavePlatforms(found):
		return nil, fault.New(fault.Invalid, "%s holds %d images; say which by its tag", dir, len(found))
	}
	return pick(index, found, dir)
}

func allHavePlatforms(list []v1.Descriptor) bool {
	for _, d := range list {
		if d.Platform == nil {
			return false
		}
	}
	return true
}

// pick takes what runs on this machine, from an index in an index if need be.
func pick(index v1.ImageIndex, list []v1.Descriptor, dir string) (v1.Image, error) {
	for _, d := range list {
		switch {
		case d.MediaType.IsIndex():
			inner, err := index.ImageIndex(d.Digest)
			if err != nil {
				return nil, err
			}
			manifest, err := inner.IndexManifest()
			if err != nil {
				return nil, err
			}
			if depth := len(manifest.Manifests); depth > 0 && !manifest.Manifests[0].MediaType.IsIndex() {
				return pick(inner, manifest.Manifests, dir)
			}
		case d.Platform == nil || d.Platform.Satisfies(platform()) || d.Platform.OS == platform().OS && d.Platform.Architecture == platform().Architecture:
			return index.Image(d.Digest)
		}
	}
	return nil, fault.New(fault.Invalid, "%s has it for other machines, but not for %s", dir, platform())
}

// fromDockerTar finds an image in what docker save has written.
func fromDockerTar(file, tag string) (v1.Image, error) {
	if tag == "" {
		return tarball.ImageFromPath(file, nil)
	}
	ref, err := name.NewTag(tag)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%q is no name of an image in %s: %v", tag, file, err)
	}
	return tarball.ImageFromPath(file, &ref)
}

// fromOCITar unpacks a tarball of an OCI image layout for as long as it is read.
func (s *Sources) fromOCITar(ctx context.Context, place image.Place) (v1.Image, func() error, error) {
	dir, err := os.MkdirTemp(s.cfg.TempDir, "layout-")
	if err != nil {
		return nil, nil, fmt.Errorf("make room for %s: %w", place.Path, err)
	}
	remove := func() error { return os.RemoveAll(dir) }
	if err = unpackLayout(ctx, place.Path, dir); err == nil {
		var found v1.Image
		if found, err = fromLayout(dir, place.Tag); err == nil {
			return found, remove, nil
		}
	}
	return nil, nil, errors.Join(err, remove())
}

// unpackLayout takes the regular files out of a tarball, and nothing else: a layout has no others.
func unpackLayout(ctx context.Context, file, dir string) (err error) {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	for in := tar.NewReader(f); ; {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return ctx.Err()
		}
		if err == nil {
			err = ctx.Err()
		}
		if err == nil && header.Typeflag == tar.TypeReg {
			err = unpackFile(root, header.Name, in)
		}
		if err != nil {
			return err
		}
	}
}

func unpackFile(root *os.Root, name string, in io.Reader) error {
	name = image.Inside(name)[1:]
	if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	out, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
