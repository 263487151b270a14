package run

import (
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// OnSpareThread runs fn on a thread that ends afterwards, and waits for it: for calls of the kernel that change the calling
// thread for good. It is never the first one: that could not end, and /proc/self would show what was made of it.
func OnSpareThread(fn func()) {
	var wg sync.WaitGroup
	wg.Go(func() {
		runtime.LockOSThread() // and not unlocked: the thread ends with the goroutine
		if unix.Gettid() != unix.Getpid() {
			fn()
			return
		}
		OnSpareThread(fn) // on another one, as this one is taken
		runtime.UnlockOSThread()
	})
	wg.Wait()
}
