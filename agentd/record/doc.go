// Package record holds the entries that an agent writes to disk. It owns their form (record.proto, with the rules of
// compatibility) and nothing of files or of when they are written: agentd/workload decides, agentd/checkpoint writes and
// reads. Start reading at record.proto.
package record
