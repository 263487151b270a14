// Package tasklog keeps what tasks write: it bounds their output files, knows when which part of them was written, and reads
// them by offset and by time.
//
// A task writes to its file itself (O_APPEND), so nobody stands in its way: not a slow reader, not a full pipe, not the death
// of agentd. A log that passes its limit loses its oldest part by a hole that is punched into the head of the file. So offsets stay
// what they were, a reader sees one stream without a seam, and no line that is kept is touched. The price is a file that
// looks larger than it is; until Start there is nothing in it.
//
// Beside a file NAME in a sandbox lies .NAME.index: sixteen bytes for each second in which it grew. Start reading at Keeper.
package tasklog
