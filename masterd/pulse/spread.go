package pulse

import (
	"math"
	"sync/atomic"
	"time"
)

// spread counts durations in buckets that grow by a fifth: what is said of them is off by no more than that.
type spread [96]atomic.Uint32

const (
	least = 20 * time.Microsecond // what is in the first bucket
	steps = 4                     // buckets from one power of two to the next
)

func (s *spread) add(d time.Duration) {
	i := 0
	if d > least {
		i = min(int(math.Ceil(math.Log2(float64(d)/float64(least))*steps)), len(s)-1)
	}
	s[i].Add(1)
}

// take answers what 99 of a hundred did not exceed, in seconds, and forgets all; 0 if there were none.
func (s *spread) take() float64 {
	var counts [len(s)]uint32
	total := uint32(0)
	for i := range s {
		counts[i] = s[i].Swap(0)
		total += counts[i]
	}
	if total == 0 {
		return 0
	}
	above := total - total/100
	for i, n := range counts {
		if n >= above {
			return least.Seconds() * math.Pow(2, float64(i)/steps)
		}
		above -= n
	}
	return 0
}
