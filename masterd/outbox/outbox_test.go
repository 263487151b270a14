package outbox

import (
	"slices"
	"testing"
	"testing/synctest"
)

func TestAReaderGetsEverythingInOrderAndThenTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New[int](100, nil)
		var got []int
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range b.Ready() {
				items, open := b.Take()
				got = append(got, items...)
				if !open {
					return
				}
			}
		}()
		var want []int
		for i := range 90 {
			b.Put(i)
			want = append(want, i)
			if i%7 == 0 {
				synctest.Wait()
			}
		}
		b.Close()
		<-done
		if !slices.Equal(got, want) {
			t.Errorf("got %v", got)
		}
	})
}

func TestOverflowClosesAndKeepsWhatWaits(t *testing.T) {
	t.Parallel()
	b := New[int](2, nil)
	if !b.Put(1) || !b.Put(2) {
		t.Fatal("a box refused what fits")
	}
	if b.Put(3) {
		t.Error("a full box took an item")
	}
	if !b.Put(4) {
		t.Error("the overflow was told twice")
	}
	items, open := b.Take()
	if !slices.Equal(items, []int{1, 2}) || open {
		t.Errorf("took %v, open %v", items, open)
	}
}

func TestHangupIsToldOnce(t *testing.T) {
	t.Parallel()
	told := 0
	b := New[int](2, func() { told++ })
	b.Put(1)
	b.Hangup()
	b.Hangup()
	<-b.Ready() // a writer that waits is woken, whoever hung up
	if items, open := b.Take(); told != 1 || len(items) > 0 || open {
		t.Errorf("told %d times, took %v, open %v", told, items, open)
	}
}
