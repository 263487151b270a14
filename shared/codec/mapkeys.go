package codec

import (
	"iter"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// sortedMap yields a map in the order of its keys, so that equal messages become equal bytes.
func sortedMap(m protoreflect.Map) iter.Seq2[string, protoreflect.Value] {
	type pair struct {
		key   string
		value protoreflect.Value
	}
	pairs := make([]pair, 0, m.Len())
	m.Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
		pairs = append(pairs, pair{k.String(), v})
		return true
	})
	slices.SortFunc(pairs, func(a, b pair) int { return strings.Compare(a.key, b.key) })
	return func(yield func(string, protoreflect.Value) bool) {
		for _, p := range pairs {
			if !yield(p.key, p.value) {
				return
			}
		}
	}
}
