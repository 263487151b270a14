package roles

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

// names are the resources that quota counts, in the order that people write them.
var names = [...]string{resources.CPUs: "cpus", resources.Mem: "mem", resources.Disk: "disk", resources.GPUs: "gpus"}

// Amounts are quantities by the name of the resource. A name that is missing has no amount: of a guarantee that is zero,
// of a limit it is no limit.
type Amounts map[string]resources.Milli

// AmountsOf sums what quota counts: scalars, not what may be taken back at any time.
func AmountsOf(r resources.Resources) Amounts {
	sum := Amounts{}
	r = r.Nonrevocable()
	for _, name := range names {
		if n := r.Scalar(name); n > 0 {
			sum[name] = n
		}
	}
	return sum
}

// Plus is the sum.
func (a Amounts) Plus(b Amounts) Amounts {
	sum := make(Amounts, len(a)+len(b))
	maps.Copy(sum, a)
	for name, n := range b {
		sum[name] += n
	}
	return sum
}

// Minus is what is left, nothing below zero.
func (a Amounts) Minus(b Amounts) Amounts {
	left := Amounts{}
	for name, n := range a {
		if n > b[name] {
			left[name] = n - b[name]
		}
	}
	return left
}

// Contains says whether there is enough of everything in b.
func (a Amounts) Contains(b Amounts) bool {
	for name, n := range b {
		if n > a[name] {
			return false
		}
	}
	return true
}

// Allows says whether b stays within a as limits: what a does not name has none.
func (a Amounts) Allows(b Amounts) bool {
	for name, most := range a {
		if b[name] > most {
			return false
		}
	}
	return true
}

// Names lists what has an amount, in the order that people write it.
func (a Amounts) Names() []string {
	list := make([]string, 0, len(a))
	for _, name := range names {
		if _, ok := a[name]; ok {
			list = append(list, name)
		}
	}
	return list
}

// Vector is the flat form for the allocator; what is not named is otherwise.
func (a Amounts) Vector(otherwise int64) resources.Vector {
	var v resources.Vector
	for i, name := range names {
		v[i] = otherwise
		if n, ok := a[name]; ok {
			v[i] = int64(n)
		}
	}
	return v
}

// String writes amounts as Mesos does in its sentences, by the alphabet: "cpus:2; mem:1024".
func (a Amounts) String() string {
	parts := make([]string, 0, len(a))
	for _, name := range slices.Sorted(maps.Keys(a)) {
		parts = append(parts, name+":"+number(a[name].Float()))
	}
	if len(parts) == 0 {
		return "{}"
	}
	return strings.Join(parts, "; ")
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// Proto is the map of a QuotaConfig, nil if there is nothing in it.
func (a Amounts) Proto() map[string]*mesosv1.Value_Scalar {
	if len(a) == 0 {
		return nil
	}
	wire := make(map[string]*mesosv1.Value_Scalar, len(a))
	for name, n := range a {
		wire[name] = &mesosv1.Value_Scalar{Value: new(n.Float())}
	}
	return wire
}

// Resources is the form of lists of resources, without zeros.
func (a Amounts) Resources() []*mesosv1.Resource {
	var list []*mesosv1.Resource
	for _, name := range a.Names() {
		list = append(list, &mesosv1.Resource{
			Name: new(name), Type: mesosv1.Value_SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: new(a[name].Float())},
		})
	}
	return list
}

// sane says whether an amount can be counted in thousandths.
func sane(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }
