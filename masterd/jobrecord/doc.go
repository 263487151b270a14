// Package jobrecord knows what follows from the record of a job alone, which is what the registry stores: whether it has
// ended and how, which of its instances are done, what a task's state proves, which version an instance is of, and when it
// is due. It keeps no state, sees no task and reads no clock. Start reading at New and IsFinal.
package jobrecord
