package execute

import (
	"strconv"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
)

// units are the spellings of Mesos.
var units = [...]struct {
	name string
	unit time.Duration
}{
	{"ns", time.Nanosecond},
	{"us", time.Microsecond},
	{"ms", time.Millisecond},
	{"secs", time.Second},
	{"mins", time.Minute},
	{"hrs", time.Hour},
	{"days", 24 * time.Hour},
	{"weeks", 7 * 24 * time.Hour},
}

// parseDuration reads "2secs" as Mesos writes it, or "2s" as Go does.
func parseDuration(text string) (time.Duration, error) {
	for _, u := range units {
		amount, found := strings.CutSuffix(text, u.name)
		if !found {
			continue
		}
		number, err := strconv.ParseFloat(amount, 64)
		if err != nil || number < 0 || number*float64(u.unit) > float64(1<<62) {
			break
		}
		return time.Duration(number * float64(u.unit)), nil
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return d, nil
	}
	return 0, fault.New(fault.Invalid, "%q is no duration; write a number and ms, secs, mins, hrs or days, such as 10secs", text)
}
