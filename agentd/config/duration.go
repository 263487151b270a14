package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// duration is a flag that takes Go's way of writing a duration ("1m30s") and Mesos's ("1.5mins").
type duration time.Duration

// mesosUnits are Mesos's names of units (spec 3.10), those first that end like another.
var mesosUnits = []struct {
	name string
	unit time.Duration
}{
	{"weeks", 7 * 24 * time.Hour}, {"days", 24 * time.Hour}, {"hrs", time.Hour}, {"mins", time.Minute}, {"secs", time.Second},
}

// Set implements pflag.Value.
func (d *duration) Set(text string) error {
	value, err := parseDuration(text)
	if err != nil {
		return err
	}
	*d = duration(value)
	return nil
}

func parseDuration(text string) (time.Duration, error) {
	if value, err := time.ParseDuration(text); err == nil && value >= 0 {
		return value, nil
	}
	for _, u := range mesosUnits {
		digits, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		if n, err := strconv.ParseFloat(digits, 64); err == nil && n >= 0 && n*float64(u.unit) < float64(1<<62) {
			return time.Duration(n * float64(u.unit)), nil
		}
	}
	return 0, fmt.Errorf("%q is not a duration; write it as 90s, 1h30m or, in Mesos's way, 1.5mins", text)
}

// String implements pflag.Value.
func (d *duration) String() string { return time.Duration(*d).String() }

// Type implements pflag.Value; it is what help calls the value.
func (d *duration) Type() string { return "duration" }
