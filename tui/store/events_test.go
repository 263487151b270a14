package store

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// TestEventsAreTheNewest adds few and many events again and again: the newest are kept, and what was there before is not touched.
func TestEventsAreTheNewest(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		type kept struct{ got, want []reeveapi.Event }
		var all, now []reeveapi.Event
		var before []kept
		for range rapid.IntRange(1, 8).Draw(rt, "lines") {
			var news []reeveapi.Event
			for range rapid.SampledFrom([]int{0, 1, 300, 700, 1400, maxEvents, maxEvents + 10}).Draw(rt, "news") {
				news = append(news, reeveapi.Event{Seq: uint64(len(all) + len(news))})
			}
			all = append(all, news...)
			now = appendEvents(now, news, false)
			before = append(before, kept{now, slices.Clone(all[max(len(all)-maxEvents, 0):])})
		}
		for i, k := range before {
			if !slices.EqualFunc(k.got, k.want, func(a, b reeveapi.Event) bool { return a.Seq == b.Seq }) {
				rt.Fatalf("after %d lines the events of line %d are others", len(before), i+1)
			}
		}
	})
}
