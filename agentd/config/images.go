package config

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/flagset"
)

// Images is where container images come from, and how many of them stay.
type Images struct {
	StoreDir string // where they are kept
	Dir      string // of those that are named as oci:PATH and the like; "" for none
	Registry string // host of names that have none; "" for Docker Hub
	Local    string // directory of tarballs, instead of Registry
	Plain    []string
	CA       []byte // PEM
	Config   []byte // docker's config.json
	Bytes    int64
	Age      time.Duration

	registry, config, ca string // as they were written
}

// ImageStore is the directory of images below the work dir, unless another one is given.
const ImageStore = "images"

const defaultImageAge = 4 * 7 * 24 * time.Hour

func (i *Images) register(fs *pflag.FlagSet) {
	fs.StringVar(&i.registry, "docker-registry", "", "where images without a registry in their name come from: a URL such as https://registry.example, or a directory of tarballs (default Docker Hub)")
	fs.StringVar(&i.config, "docker-config", "", "credentials for registries: a file as docker's config.json, or its content")
	fs.StringVar(&i.ca, "registry-ca", "", "file of certificates, PEM, that registries are trusted by beside the system's")
	fs.StringSliceVar(&i.Plain, "insecure-registry", nil, "host:port of a registry that may be spoken to without TLS; may be given several times, and need not for one on 127.0.0.1")
	fs.StringVar(&i.StoreDir, "docker-store-dir", "", "directory for images, the agent's alone (default <work-dir>/images)")
	fs.StringVar(&i.Dir, "image-dir", "", "directory of the images that tasks name as oci:PATH, oci-archive:PATH or docker-archive:PATH, relative to it")
	fs.Var((*size)(&i.Bytes), "image-cache-size", "how much all images may take before those go that no task uses; 0B for as much as the disk has to spare")
	flagset.DurationVar(fs, &i.Age, "image-gc-delay", defaultImageAge, "how long an image stays after its last use")
}

func (i *Images) complete(workDir string) (err error) {
	if i.StoreDir == "" {
		i.StoreDir = filepath.Join(workDir, ImageStore)
	}
	for flag, dir := range map[string]string{"docker-store-dir": i.StoreDir, "image-dir": i.Dir} {
		if dir != "" && !filepath.IsAbs(dir) {
			return fault.New(fault.Invalid, "--%s %q must be an absolute path", flag, dir)
		}
	}
	for _, host := range i.Plain {
		if _, _, err := net.SplitHostPort(host); err != nil {
			return fault.New(fault.Invalid, "--insecure-registry %q is not of the form host:port", host)
		}
	}
	if i.Age <= 0 {
		return fault.New(fault.Invalid, "--image-gc-delay must be more than 0; give 4weeks, say")
	}
	if i.ca != "" {
		if i.CA, err = os.ReadFile(i.ca); err != nil {
			return fault.Wrap(fault.Invalid, err, "--registry-ca %s", i.ca)
		}
	}
	if i.inline() {
		i.Config = []byte(i.config)
	} else if i.config != "" {
		if i.Config, err = os.ReadFile(strings.TrimPrefix(i.config, "file://")); err != nil {
			return fault.Wrap(fault.Invalid, err, "--docker-config %s", i.config)
		}
	}
	return i.completeRegistry()
}

func (i *Images) completeRegistry() error {
	if dir := strings.TrimPrefix(i.registry, "file://"); filepath.IsAbs(dir) {
		i.Local = dir
		return nil
	}
	if i.registry == "" {
		return nil
	}
	u, err := url.Parse(i.registry)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return fault.New(fault.Invalid, "--docker-registry %q is neither a URL such as https://registry.example nor an absolute path", i.registry)
	}
	i.Registry = u.Host
	if u.Scheme == "http" {
		i.Plain = append(i.Plain, u.Host)
	}
	return nil
}

func (i *Images) inline() bool { return strings.HasPrefix(strings.TrimSpace(i.config), "{") }

// shownDockerConfig is for /flags, which everybody may read.
func (i *Images) shownDockerConfig() string {
	if i.inline() {
		return "{…}"
	}
	return i.config
}
