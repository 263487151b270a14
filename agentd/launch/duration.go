package launch

import (
	"strconv"
	"time"
)

// units are Mesos's names of units of time, the largest first.
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
}

// durationText writes a duration as Mesos does: a number and the largest unit that leaves it at 1 or more ("5secs",
// "1.5mins").
func durationText(d time.Duration) string {
	for _, u := range units {
		if d >= u.unit {
			return strconv.FormatFloat(float64(d)/float64(u.unit), 'f', -1, 64) + u.name
		}
	}
	return strconv.FormatInt(int64(d), 10) + "ns"
}
