package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestItself lists the test's own binary: a Go program with modules whose versions are known to be in go.mod.
func TestItself(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1769860800")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out, again bytes.Buffer
	for _, w := range []*bytes.Buffer{&out, &again} {
		if err := run(w, "1.2.3", "amd64", "2.5.4", []string{self, self}); err != nil {
			t.Fatal(err)
		}
	}
	if out.String() != again.String() {
		t.Error("two lists of one program differ")
	}
	var doc bom
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Format != "CycloneDX" || doc.Metadata.Timestamp != "2026-01-31T12:00:00Z" || doc.Metadata.Component.Version != "1.2.3" {
		t.Errorf("the head is %+v", doc)
	}
	seen := map[string]int{}
	for _, c := range doc.Components {
		seen[c.Name]++
	}
	for _, name := range []string{"stdlib", "libseccomp"} {
		if seen[name] != 1 {
			t.Errorf("%s is there %d times, want once: %v", name, seen[name], seen)
		}
	}
}

func TestRefusals(t *testing.T) {
	text := t.TempDir() + "/text"
	if err := os.WriteFile(text, []byte("no program"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		version, epoch string
		programs       []string
		want           string
	}{
		{"", "", []string{text}, "want -version"},
		{"1", "", nil, "want -version"},
		{"1", "", []string{text}, "read what " + text},
		{"1", "noon", []string{text}, `SOURCE_DATE_EPOCH="noon"`},
	} {
		t.Setenv("SOURCE_DATE_EPOCH", tt.epoch)
		if err := run(&bytes.Buffer{}, tt.version, "amd64", "2", tt.programs); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("run(%+v) = %v, want an error with %q", tt, err, tt.want)
		}
	}
}
