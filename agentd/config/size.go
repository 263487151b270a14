package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// size is a flag that takes a number of bytes as Mesos writes it: "2GB", "512MB", "0B".
type size int64

// sizeUnits are Mesos's, which are powers of 1024, those first that end like another.
var sizeUnits = []struct {
	name  string
	bytes float64
}{
	{"TB", 1 << 40}, {"GB", 1 << 30}, {"MB", 1 << 20}, {"KB", 1 << 10}, {"B", 1},
}

// Set implements pflag.Value.
func (s *size) Set(text string) error {
	for _, u := range sizeUnits {
		digits, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		if n, err := strconv.ParseFloat(digits, 64); err == nil && n >= 0 && n*u.bytes < math.MaxInt64 {
			*s = size(n * u.bytes)
			return nil
		}
		break
	}
	return fmt.Errorf("%q is not a number of bytes; write it as 2GB, 512MB or 0B", text)
}

// String implements pflag.Value.
func (s *size) String() string {
	for _, u := range sizeUnits {
		if *s >= size(u.bytes) && int64(*s)%int64(u.bytes) == 0 {
			return fmt.Sprintf("%d%s", int64(*s)/int64(u.bytes), u.name)
		}
	}
	return "0B"
}

// Type implements pflag.Value; it is what help calls the value.
func (s *size) Type() string { return "bytes" }
