// Command sbom lists what is inside the programs of a package, in CycloneDX's JSON: every Go module that was linked, as the
// programs themselves record it, and the C library that agentd-shim has beside them. Arguments are the programs.
package main

import (
	"cmp"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// bom is the part of CycloneDX 1.5 that says what is there. Fields are in the order of its documentation.
type bom struct {
	Format      string      `json:"bomFormat"`
	SpecVersion string      `json:"specVersion"`
	Version     int         `json:"version"`
	Metadata    metadata    `json:"metadata"`
	Components  []component `json:"components"`
}

type metadata struct {
	Timestamp string    `json:"timestamp"`
	Component component `json:"component"`
}

type component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref,omitempty"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	PURL       string     `json:"purl,omitempty"`
	Licenses   []license  `json:"licenses,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

type license struct {
	License struct {
		ID string `json:"id"`
	} `json:"license"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func main() {
	version := flag.String("version", "", "version of the package")
	arch := flag.String("arch", "", "its architecture")
	seccomp := flag.String("seccomp", "", "version of libseccomp that agentd-shim is linked with")
	flag.Parse()
	if err := run(os.Stdout, *version, *arch, *seccomp, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, version, arch, seccomp string, programs []string) error {
	if version == "" || arch == "" || seccomp == "" || len(programs) == 0 {
		return errors.New("want -version, -arch, -seccomp and the paths of the programs")
	}
	at, err := sourceDate(os.Getenv("SOURCE_DATE_EPOCH"))
	if err != nil {
		return err
	}
	doc := bom{Format: "CycloneDX", SpecVersion: "1.5", Version: 1, Metadata: metadata{
		Timestamp: at.UTC().Format(time.RFC3339),
		Component: component{
			Type: "application", Ref: "reeve", Name: "reeve", Version: version,
			PURL: fmt.Sprintf("pkg:generic/reeve@%s?arch=%s", version, arch), Licenses: []license{spdx("Apache-2.0")},
		},
	}}
	found := map[string]*component{}
	for _, path := range programs {
		info, err := buildinfo.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read what %s was built from: %w", path, err)
		}
		add(found, info, filepath.Base(path))
	}
	for _, c := range found {
		doc.Components = append(doc.Components, *c)
	}
	doc.Components = append(doc.Components, component{
		Type: "library", Ref: "libseccomp", Name: "libseccomp", Version: seccomp,
		PURL: fmt.Sprintf("pkg:deb/debian/libseccomp@%s?arch=%s", seccomp, arch), Licenses: []license{spdx("LGPL-2.1-only")},
		Properties: []property{{Name: "reeve:program", Value: "agentd-shim"}},
	})
	slices.SortFunc(doc.Components, func(a, b component) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
	})
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(doc); err != nil {
		return fmt.Errorf("write the list: %w", err)
	}
	return nil
}

func spdx(id string) (l license) {
	l.License.ID = id
	return l
}

// sourceDate is the time of what was built, as the environment gives it to every step of a build; now without it.
func sourceDate(epoch string) (time.Time, error) {
	if epoch == "" {
		return time.Now(), nil
	}
	var seconds int64
	if _, err := fmt.Sscanf(epoch, "%d", &seconds); err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH=%q is not a number of seconds: %w", epoch, err)
	}
	return time.Unix(seconds, 0), nil
}

// add notes the modules of a program, and Go's own library, with the name of the program that has them.
func add(found map[string]*component, info *debug.BuildInfo, program string) {
	modules := []*debug.Module{{Path: "stdlib", Version: strings.TrimPrefix(info.GoVersion, "go")}}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		modules = append(modules, m)
	}
	for _, m := range modules {
		purl := "pkg:golang/" + m.Path + "@" + m.Version
		if found[purl] == nil {
			found[purl] = &component{Type: "library", Ref: purl, Name: m.Path, Version: m.Version, PURL: purl}
		}
		found[purl].Properties = append(found[purl].Properties, property{Name: "reeve:program", Value: program})
	}
}
