package resources

import (
	"cmp"
	"math"
	"slices"
)

// Range is a closed interval: both ends belong to it.
type Range struct{ Begin, End uint64 }

func compareRange(a, b Range) int {
	return cmp.Or(cmp.Compare(a.Begin, b.Begin), cmp.Compare(a.End, b.End))
}

// coalesce appends r to sorted ranges, merging it with the last one where they overlap or touch. r.Begin must not be
// smaller than the last one's.
func coalesce(ranges []Range, r Range) []Range {
	if n := len(ranges); n > 0 {
		last := &ranges[n-1]
		if last.End == math.MaxUint64 || r.Begin <= last.End+1 {
			last.End = max(last.End, r.End)
			return ranges
		}
	}
	return append(ranges, r)
}

// unionRanges merges two canonical lists into a new one.
func unionRanges(a, b []Range) []Range {
	union := make([]Range, 0, len(a)+len(b))
	for len(a) > 0 || len(b) > 0 {
		if len(b) == 0 || len(a) > 0 && a[0].Begin <= b[0].Begin {
			union, a = coalesce(union, a[0]), a[1:]
		} else {
			union, b = coalesce(union, b[0]), b[1:]
		}
	}
	return union
}

// subtractRanges cuts the canonical list b out of the canonical list a. A range that b hits in the middle splits.
func subtractRanges(a, b []Range) []Range {
	left := make([]Range, 0, len(a)+len(b))
	for _, r := range a {
		for len(b) > 0 && b[0].End < r.Begin {
			b = b[1:]
		}
		rest, begin := true, r.Begin
		for _, cut := range b {
			if cut.Begin > r.End {
				break
			}
			if cut.Begin > begin {
				left = append(left, Range{begin, cut.Begin - 1})
			}
			if cut.End >= r.End {
				rest = false
				break
			}
			begin = cut.End + 1
		}
		if rest {
			left = append(left, Range{begin, r.End})
		}
	}
	return left
}

// containsRanges reports whether the canonical list a covers the canonical list b.
func containsRanges(a, b []Range) bool {
	i := 0
	for _, r := range b {
		for i < len(a) && a[i].End < r.Begin {
			i++
		}
		if i == len(a) || a[i].Begin > r.Begin || a[i].End < r.End {
			return false
		}
	}
	return true
}

// countRanges is the number of values, at most MaxInt64.
func countRanges(ranges []Range) int64 {
	var count uint64
	for _, r := range ranges {
		width := r.End - r.Begin
		if width >= math.MaxInt64-count {
			return math.MaxInt64
		}
		count += width + 1
	}
	return int64(count) // #nosec G115 -- bounded by the check above
}

// unionSets, subtractSets and containsSet work on sorted lists without duplicates.
func unionSets(a, b []string) []string {
	union := slices.Concat(a, b)
	slices.Sort(union)
	return slices.Compact(union)
}

func subtractSets(a, b []string) []string {
	left := make([]string, 0, len(a))
	for _, item := range a {
		if _, found := slices.BinarySearch(b, item); !found {
			left = append(left, item)
		}
	}
	return left
}

func containsSet(a, b []string) bool {
	for _, item := range b {
		if _, found := slices.BinarySearch(a, item); !found {
			return false
		}
	}
	return true
}
