package resources

import (
	"fmt"
	"math"
	"slices"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// maxScalar keeps sums over a whole cluster far from overflow: 100 000 million is an exabyte hundredfold in MB.
const maxScalar = 1e11

// FromProto validates and merges wire resources. It takes the old form (role and reservation), the new one
// (reservations[]) and the mixed one of operator responses if its halves agree; all become a stack of reservations.
// Errors are of kind fault.Invalid and name the resource.
func FromProto(wire []*mesosv1.Resource) (Resources, error) {
	entries := make([]entry, 0, len(wire))
	sorted := true
	for _, w := range wire {
		e, err := decode(w)
		if err != nil {
			return Resources{}, fault.New(fault.Invalid, "resource %q: %v", w.GetName(), err)
		}
		if e.empty() {
			continue
		}
		sorted = sorted && (len(entries) == 0 || compareEntry(&entries[len(entries)-1], &e) < 0)
		entries = append(entries, e)
	}
	if sorted {
		return Resources{entries: entries}, nil
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return compareEntry(&a, &b) })
	return Resources{entries: mergeSorted(entries)}, nil
}

// mergeSorted sums neighbours of one class in place.
func mergeSorted(entries []entry) []entry {
	merged := entries[:0]
	for _, e := range entries {
		if n := len(merged); n > 0 && compareEntry(&merged[n-1], &e) == 0 && !e.class.whole() {
			merged[n-1] = add(&merged[n-1], &e)
			continue
		}
		merged = append(merged, e)
	}
	return merged
}

func decode(w *mesosv1.Resource) (entry, error) {
	if w.GetName() == "" {
		return entry{}, fmt.Errorf("a resource must have a name")
	}
	e := entry{copies: 1, class: class{name: w.GetName(), rank: rank(w.GetName()), allocated: w.GetAllocationInfo().GetRole()}}
	if err := decodeAmount(w, &e); err != nil {
		return entry{}, err
	}
	stack, err := decodeReservations(w)
	if err != nil {
		return entry{}, err
	}
	if err := checkDisk(w); err != nil {
		return entry{}, err
	}
	e.class.extra = newExtra(w, stack)
	return e, nil
}

// decodeAmount reads the one value that the type names and refuses any other.
func decodeAmount(w *mesosv1.Resource, e *entry) error {
	if w.Type == nil {
		return fmt.Errorf("type is missing; use SCALAR, RANGES or SET")
	}
	var err error
	switch w.GetType() {
	case mesosv1.Value_SCALAR:
		if w.Scalar == nil || w.Ranges != nil || w.Set != nil {
			return fmt.Errorf("a SCALAR must have scalar and neither ranges nor set")
		}
		e.class.kind = kindScalar
		e.scalar, err = decodeScalar(w.GetName(), w.GetScalar().GetValue())
	case mesosv1.Value_RANGES:
		if w.Ranges == nil || w.Scalar != nil || w.Set != nil {
			return fmt.Errorf("a RANGES must have ranges and neither scalar nor set")
		}
		e.class.kind = kindRanges
		e.ranges, err = decodeRanges(w.GetRanges().GetRange())
	case mesosv1.Value_SET:
		if w.Set == nil || w.Scalar != nil || w.Ranges != nil {
			return fmt.Errorf("a SET must have set and neither scalar nor ranges")
		}
		e.class.kind = kindSet
		e.set, err = decodeSet(w.GetSet().GetItem())
	default:
		return fmt.Errorf("type %v is not for resources; use SCALAR, RANGES or SET", w.GetType())
	}
	return err
}

func decodeScalar(name string, value float64) (Milli, error) {
	switch {
	case math.IsNaN(value) || math.IsInf(value, 0):
		return 0, fmt.Errorf("%v is not a finite number", value)
	case value < 0:
		return 0, fmt.Errorf("%v is negative", value)
	case value > maxScalar:
		return 0, fmt.Errorf("%v is more than the most allowed, %v", value, float64(maxScalar))
	}
	amount := MilliOf(value)
	if value > 0 && amount == 0 {
		return 0, fmt.Errorf("%v rounds to 0; amounts count in thousandths", value)
	}
	if name == "gpus" && amount%1000 != 0 {
		return 0, fmt.Errorf("%v is not a whole number; gpus can't be divided", value)
	}
	return amount, nil
}

func decodeRanges(wire []*mesosv1.Value_Range) ([]Range, error) {
	ranges := make([]Range, len(wire))
	for i, r := range wire {
		if r == nil || r.Begin == nil || r.End == nil {
			return nil, fmt.Errorf("range %d lacks begin or end", i)
		}
		ranges[i] = Range{r.GetBegin(), r.GetEnd()}
	}
	return canonicalRanges(ranges)
}

// canonicalRanges sorts and coalesces in place. Ranges that touch merge; ranges that overlap are a mistake.
func canonicalRanges(ranges []Range) ([]Range, error) {
	slices.SortFunc(ranges, compareRange)
	merged := ranges[:0]
	for _, r := range ranges {
		if r.Begin > r.End {
			return nil, fmt.Errorf("range [%d-%d] ends before it begins", r.Begin, r.End)
		}
		if n := len(merged); n > 0 && r.Begin <= merged[n-1].End {
			return nil, fmt.Errorf("range [%d-%d] overlaps another", r.Begin, r.End)
		}
		merged = coalesce(merged, r)
	}
	return merged, nil
}

func decodeSet(items []string) ([]string, error) {
	set := slices.Sorted(slices.Values(items))
	for i := 1; i < len(set); i++ {
		if set[i] == set[i-1] {
			return nil, fmt.Errorf("item %q is in the set twice", set[i])
		}
	}
	return set, nil
}

// checkDisk holds the rules about what may carry disk and shared.
func checkDisk(w *mesosv1.Resource) error {
	persistent := w.GetDisk().GetPersistence() != nil
	switch {
	case w.Disk != nil && w.GetName() != "disk":
		return fmt.Errorf("only the resource \"disk\" may have disk info")
	case persistent && w.GetDisk().GetPersistence().GetId() == "":
		return fmt.Errorf("a persistent volume must have an id")
	case w.Shared != nil && !persistent:
		return fmt.Errorf("only persistent volumes can be shared")
	case w.Revocable != nil && persistent:
		return fmt.Errorf("a persistent volume can't be revocable")
	}
	return nil
}
