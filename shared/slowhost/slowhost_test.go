package slowhost

import (
	"testing"
	"time"
)

func TestRead(t *testing.T) {
	for value, want := range map[string]float64{"": 1, "1": 1, "2.5": 2.5, "1000": 1000} {
		if got := read(value); got != want {
			t.Errorf("%q is %v, want %v", value, got, want)
		}
	}
	for _, bad := range []string{"0", "-1", "1001", "x", "NaN", "10s"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q is taken", bad)
				}
			}()
			read(bad)
		}()
	}
}

func TestScale(t *testing.T) {
	before := factor
	t.Cleanup(func() { factor = before })
	factor = 2.5
	if got := Scale(2 * time.Second); got != 5*time.Second {
		t.Errorf("2 s are %v, want 5 s", got)
	}
}
