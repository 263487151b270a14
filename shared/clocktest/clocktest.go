// Package clocktest plays a clock that somebody sets, for tests of what must not notice. It is for tests only, and owns the
// one look into the insides of a time.Time. Start reading at Set.
package clocktest

import (
	"testing"
	"time"
	"unsafe"
)

// Set is what time.Now answers instead of now when the clock has been set by some whole seconds: the time of day is another,
// and what has passed since any earlier time is the same. now must come from time.Now.
func Set(tb testing.TB, now time.Time, by time.Duration) time.Time {
	tb.Helper()
	type insides struct { // of time.Time
		wall uint64 // 1 bit: has a monotonic reading; 33 bits: seconds; 30 bits: nanoseconds
		ext  int64
		loc  *time.Location
	}
	set := now
	in := (*insides)(unsafe.Pointer(&set)) //nolint:gosec // there is no other way, and the check below sees a time.Time that is made in another way
	in.wall += uint64(int64(by/time.Second)) << 30
	if set.Sub(now) != 0 || set.Round(0).Sub(now.Round(0)) != by {
		tb.Fatalf("%v is not %v with its clock set by %v: a time.Time is not made as it was", set, now, by)
	}
	return set
}
