package hostinfo

import (
	"runtime"
	"testing"
)

// TestDetail looks at this very host.
func TestDetail(t *testing.T) {
	d, err := Detail()
	if err != nil {
		t.Fatal(err)
	}
	if d.Kernel == "" || d.Cores != runtime.NumCPU() || d.At.IsZero() {
		t.Errorf("kernel %q, %d cores, at %s", d.Kernel, d.Cores, d.At)
	}
	if d.UserSeconds <= 0 || d.IdleSeconds <= 0 || d.CacheBytes < 0 || d.SwapBytes > d.SwapTotalBytes {
		t.Errorf("got %+v", d)
	}
}

func TestPressure(t *testing.T) {
	if got, there := somePressure("some avg10=1.53 avg60=0.21 avg300=0.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1\n"); got != 1.53 || !there {
		t.Errorf("got %v, %v, want 1.53", got, there)
	}
	if _, there := somePressure("nothing"); there {
		t.Error("what cannot be read is told of")
	}
}
