package term

import "golang.org/x/sys/unix"

// queued asks how many bytes are in a terminal's input.
const queued = unix.TIOCINQ
