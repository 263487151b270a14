package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"codeberg.org/reeve/reeve/shared/fault"
)

func TestKindOf(t *testing.T) {
	cause := errors.New("disk full")
	for _, tc := range []struct {
		err  error
		want fault.Kind
		text string
	}{
		{cause, fault.Internal, "disk full"},
		{fault.New(fault.NotFound, "task %q is unknown", "x"), fault.NotFound, `task "x" is unknown`},
		{fmt.Errorf("kill: %w", fault.New(fault.Conflict, "it has ended")), fault.Conflict, "kill: it has ended"},
		{fault.Wrap(fault.Unavailable, cause, "store the job"), fault.Unavailable, "store the job: disk full"},
	} {
		if got := fault.KindOf(tc.err); got != tc.want {
			t.Errorf("%v: got %v, want %v", tc.err, got, tc.want)
		}
		if tc.err.Error() != tc.text {
			t.Errorf("got %q, want %q", tc.err, tc.text)
		}
	}
	if fault.Wrap(fault.Invalid, nil, "nothing") != nil {
		t.Error("wrapping no error made one")
	}
	if !errors.Is(fault.Wrap(fault.Invalid, cause, "x"), cause) {
		t.Error("the cause is lost")
	}
}

func TestEveryKindHasAName(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range fault.Kinds() {
		if seen[k.String()] {
			t.Errorf("two kinds are called %q", k)
		}
		seen[k.String()] = true
	}
	if len(seen) != int(fault.Unsupported)+1 {
		t.Errorf("got %d kinds, want %d", len(seen), int(fault.Unsupported)+1)
	}
}
