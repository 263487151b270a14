package flagset

import (
	"time"

	"github.com/spf13/pflag"

	"codeberg.org/reeve/reeve/shared/mesostime"
)

// duration is a flag that takes Go's way of writing a duration ("1m30s") and Mesos's ("1.5mins").
type duration time.Duration

// Set implements pflag.Value.
func (d *duration) Set(text string) error {
	value, err := mesostime.Parse(text)
	if err != nil {
		return err
	}
	*d = duration(value)
	return nil
}

// String implements pflag.Value.
func (d *duration) String() string { return time.Duration(*d).String() }

// Type implements pflag.Value; it is what help calls the value.
func (d *duration) Type() string { return "duration" }

// DurationVar adds a flag for a duration.
func DurationVar(fs *pflag.FlagSet, into *time.Duration, name string, value time.Duration, usage string) {
	*into = value
	fs.Var((*duration)(into), name, usage)
}
