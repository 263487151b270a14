// Package mesostime reads and writes lengths of time as Mesos's flags, query values and variables have them: "5secs",
// "1.5mins" (spec 3.10). It knows nothing of clocks. Start reading at Parse.
package mesostime

import (
	"strconv"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
)

// units are Mesos's names, the largest first; none of a shorter unit ends like one of a longer.
var units = []struct {
	name string
	unit time.Duration
}{
	{"weeks", 7 * 24 * time.Hour},
	{"days", 24 * time.Hour},
	{"hrs", time.Hour},
	{"mins", time.Minute},
	{"secs", time.Second},
	{"ms", time.Millisecond},
	{"us", time.Microsecond},
	{"ns", time.Nanosecond},
}

// longest is far below what overflows.
const longest = float64(1 << 62)

// Parse reads a length of time as Mesos writes it, or as Go does ("1m30s"). It must not be negative; the error is of kind
// fault.Invalid.
func Parse(text string) (time.Duration, error) {
	for _, u := range units {
		amount, found := strings.CutSuffix(text, u.name)
		if !found {
			continue
		}
		if n, err := strconv.ParseFloat(amount, 64); err == nil && n >= 0 && n*float64(u.unit) < longest {
			return time.Duration(n * float64(u.unit)), nil
		}
		break
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return d, nil
	}
	return 0, fault.New(fault.Invalid, "%q is not a duration; write it as 90s, 1h30m or, in Mesos's way, 1.5mins", text)
}

// Text writes a number and the largest unit that leaves it at 1 or more.
func Text(d time.Duration) string {
	for _, u := range units {
		if d >= u.unit {
			return strconv.FormatFloat(float64(d)/float64(u.unit), 'f', -1, 64) + u.name
		}
	}
	return strconv.FormatInt(int64(d), 10) + "ns"
}
