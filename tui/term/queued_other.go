//go:build !linux

package term

// queued asks how many bytes are in a terminal's input: FIONREAD, as macOS and the BSDs have it.
const queued = 0x4004667f
