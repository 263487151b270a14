package jobspec

import (
	"path"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

const (
	maxSecretName = 200
	maxUses       = 100 // of secrets by a job
)

// CheckSecret checks a secret that is to be stored. Its error is of kind Invalid.
func CheckSecret(name string, size int) error {
	switch {
	case ids.Check(name) != nil || len(name) > maxSecretName || strings.TrimSpace(name) != name:
		return invalid("%q is no name of a secret: up to %d characters, no slash, no white space around it", name, maxSecretName)
	case size == 0:
		return invalid("secret %q would be empty; send its value", name)
	case size > reeveapi.MaxSecret:
		return invalid("secret %q has %d bytes, the most allowed is %d", name, size, reeveapi.MaxSecret)
	}
	return nil
}

// Secrets lists the secrets that a job refers to, each once.
func Secrets(spec *reeveapi.JobSpec) []string {
	var names []string
	for _, s := range spec.Secrets {
		if !slices.Contains(names, s.Name) {
			names = append(names, s.Name)
		}
	}
	return names
}

func checkSecrets(spec reeveapi.JobSpec) error {
	if len(spec.Secrets) > maxUses {
		return invalid("the job uses secrets %d times, the most allowed is %d", len(spec.Secrets), maxUses)
	}
	files, pulls := map[string]bool{}, 0
	vars := map[string]bool{}
	for _, s := range spec.Secrets {
		ways := 0
		for _, set := range []bool{s.Env != "", s.File != "", s.ImagePull} {
			if set {
				ways++
			}
		}
		_, twice := spec.Env[s.Env]
		switch {
		case s.Name == "":
			return invalid("secrets has an entry without the name of a secret")
		case ways != 1:
			return invalid("secret %s must be given in one of env, file and image_pull, it is in %d", s.Name, ways)
		case s.Env != "" && (!isVariable(s.Env) || isOurs(s.Env)):
			return invalid("secret %s: %q is no name of an environment variable that a job may set", s.Name, s.Env)
		case s.Env != "" && (twice || vars[s.Env]):
			return invalid("secret %s: environment variable %s is set twice", s.Name, s.Env)
		case s.File != "" && path.Clean("/"+s.File) == "/":
			return invalid("secret %s: file %q names no file", s.Name, s.File)
		case s.File != "" && !path.IsAbs(s.File) && !inside(s.File):
			return invalid("secret %s: file %q leads out of the sandbox", s.Name, s.File)
		case s.File != "" && files[path.Clean(s.File)]:
			return invalid("secret %s: file %s is used twice", s.Name, s.File)
		case s.ImagePull && spec.Image == "":
			return invalid("secret %s: image_pull is about an image, and the job has none", s.Name)
		}
		vars[s.Env], files[path.Clean(s.File)] = s.Env != "", s.File != ""
		if s.ImagePull {
			pulls++
		}
	}
	if pulls > 1 {
		return invalid("%d secrets are for image_pull, one has all registries", pulls)
	}
	return nil
}
