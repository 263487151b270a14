package reeveapi

// Log is a piece of what a task has written, from an agent's /reeve/v1/log. Offsets count from the task's first byte and stay
// what they are when the oldest part is dropped.
type Log struct {
	Start  int64  `json:"start"`  // where the oldest kept line begins
	Size   int64  `json:"size"`   // of all that was ever written
	Offset int64  `json:"offset"` // of data; the piece ends at offset and the length of data
	Data   []byte `json:"data"`   // base64 in JSON; whatever the task wrote, cut anywhere at its end
}
