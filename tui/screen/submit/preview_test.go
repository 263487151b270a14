package submit

import (
	"slices"
	"testing"
)

// TestPreviewIsKept: the file is made when a field, or what the form began from, has changed, and not for each frame.
func TestPreviewIsKept(t *testing.T) {
	s := &Screen{}
	s.newForm()
	first := s.previewed().file
	if again := s.previewed().file; &again[0] != &first[0] {
		t.Error("the file was made again though nothing had changed")
	}
	s.Form.Step(1)
	if again := s.previewed().file; &again[0] != &first[0] {
		t.Error("the file was made again though only the focus had moved")
	}
	s.Form.Set("command", "sleep 9")
	if got := s.previewed(); !slices.Contains(got.file, "command: sleep 9") || got.changes != nil {
		t.Errorf("the file is %q, and differs by %v; want the new command, and nothing to differ from", got.file, got.changes)
	}
	s.began("template x")
	if got := s.previewed(); got.changes != nil {
		t.Errorf("differs by %v from what it began from, want nothing", got.changes)
	}
	s.Form.Set("instances", "3")
	if got := s.previewed(); len(got.changes) != 2 || got.changes[0].text != "- instances: 1" || got.changes[1].text != "+ instances: 3" {
		t.Errorf("differs by %v, want the instances", got.changes)
	}
}
