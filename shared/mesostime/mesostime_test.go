package mesostime_test

import (
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/mesostime"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"5secs": 5 * time.Second, "1.5mins": 90 * time.Second, "2hrs": 2 * time.Hour, "1days": 24 * time.Hour,
		"1weeks": 168 * time.Hour, "10ms": 10 * time.Millisecond, "7us": 7 * time.Microsecond, "9ns": 9,
		"1m30s": 90 * time.Second, "0secs": 0, "0": 0,
	} {
		if got, err := mesostime.Parse(text); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "5", "secs", "-1secs", "NaNsecs", "1e30weeks", "Infsecs", "5 minutes", "-3s"} {
		if got, err := mesostime.Parse(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}

func TestText(t *testing.T) {
	for d, want := range map[time.Duration]string{
		5 * time.Second: "5secs", 90 * time.Second: "1.5mins", 15 * time.Minute: "15mins", 7 * 24 * time.Hour: "1weeks",
		500 * time.Millisecond: "500ms", 0: "0ns", 3: "3ns",
	} {
		if got := mesostime.Text(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}

// Whatever is written is read as what it was, as far as a float goes.
func FuzzParse(f *testing.F) {
	f.Add("1.5mins")
	f.Add("1h")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := mesostime.Parse(text)
		if err != nil {
			return
		}
		again, err := mesostime.Parse(mesostime.Text(d))
		if off := (again - d).Abs(); err != nil || off > d/1_000_000+1 {
			t.Errorf("%q is %v, written and read it is %v, %v", text, d, again, err)
		}
	})
}
