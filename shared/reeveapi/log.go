package reeveapi

import "time"

// Log is a piece of what a task has written, from an agent's /reeve/v1/log. Offsets count from the task's first byte and stay
// what they are when the oldest part is dropped.
type Log struct {
	Start  int64  `json:"start"`  // where the oldest kept line begins
	Size   int64  `json:"size"`   // of all that was ever written
	Offset int64  `json:"offset"` // of data; the piece ends at offset and the length of data
	Data   []byte `json:"data"`   // base64 in JSON; whatever the task wrote, cut anywhere at its end

	Times []LogTime `json:"times,omitempty"` // with ?times=true; see LogTime
}

// LogTime says that what lies below an offset, and not below that of the entry before, was written in the second before a
// moment. ?times=true asks for those from the piece's offset on, ascending, at most LogTimes; what comes after them is asked
// for from the last one's offset. Where a log has no entry nobody knows when it was written.
type LogTime struct {
	At    time.Time `json:"at"`
	Below int64     `json:"below"`
}

// LogTimes is how many entries an answer has at most.
const LogTimes = 4096
