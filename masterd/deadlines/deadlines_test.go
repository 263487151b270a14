package deadlines_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/masterd/deadlines"
)

// TestHeap compares the heap with a plain map under random use.
func TestHeap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h deadlines.Heap[string]
		model := map[string]time.Time{}
		key := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"})
		at := rapid.Custom(func(t *rapid.T) time.Time { return time.Unix(int64(rapid.IntRange(1, 9).Draw(t, "s")), 0) })
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				k, when := key.Draw(t, "key"), at.Draw(t, "at")
				h.Set(k, when)
				model[k] = when
			},
			"cancel": func(t *rapid.T) {
				k := key.Draw(t, "key")
				h.Cancel(k)
				delete(model, k)
			},
			"pop": func(t *rapid.T) {
				now := at.Draw(t, "now")
				k, ok := h.Pop(now)
				if !ok {
					for k, when := range model {
						if !when.After(now) {
							t.Fatalf("nothing popped at %v, but %q is due at %v", now, k, when)
						}
					}
					return
				}
				when, known := model[k]
				if !known || when.After(now) {
					t.Fatalf("popped %q at %v, which is due at %v (known: %v)", k, now, when, known)
				}
				delete(model, k)
				for other, w := range model {
					if w.Before(when) {
						t.Fatalf("popped %q of %v before %q of %v", k, when, other, w)
					}
				}
			},
			"": func(t *rapid.T) {
				var next time.Time
				for _, when := range model {
					if next.IsZero() || when.Before(next) {
						next = when
					}
				}
				if got, want := h.Next(), next; !got.Equal(want) {
					t.Fatalf("Next: got %v, want %v", got, want)
				}
				if got, want := h.Len(), len(model); got != want {
					t.Fatalf("Len: got %d, want %d", got, want)
				}
			},
		})
	})
}

// TestHeapKeepsOrderOfEqualTimes matters for transcripts: what was set first fires first.
func TestHeapKeepsOrderOfEqualTimes(t *testing.T) {
	var h deadlines.Heap[int]
	at := time.Unix(1, 0)
	for i := range 20 {
		h.Set(i, at)
	}
	var got []int
	for {
		k, ok := h.Pop(at)
		if !ok {
			break
		}
		got = append(got, k)
	}
	if !slices.IsSorted(got) || len(got) != 20 {
		t.Errorf("got order %v, want 0 to 19", got)
	}
}
