// Package slowhost is the one knob by which tests wait longer on a slow machine, such as an emulated one. It is for tests
// only, and owns no wait: what must happen within a time has to happen all the same. Start reading at Scale.
package slowhost

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

// Env names the variable that says how many times as long as usual tests wait, such as 10; without it they wait as long as
// they say.
const Env = "REEVE_SLOW_HOST"

var factor = read(os.Getenv(Env))

// read panics on rubbish: a test that waits for the wrong time says nothing.
func read(value string) float64 {
	if value == "" {
		return 1
	}
	n, err := strconv.ParseFloat(value, 64)
	if err != nil || !(n >= 1 && n <= 1000) {
		panic(fmt.Sprintf("%s is %q; it has to be a number from 1 to 1000", Env, value))
	}
	return n
}

// Scale returns how long a test waits here for what takes at most d on a usual machine.
func Scale(d time.Duration) time.Duration { return time.Duration(factor * float64(d)) }
