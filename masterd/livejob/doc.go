// Package livejob is a job as the leading master has it in hand: its record, and beside each instance what is not stored
// of it, which is where it is on its way from wanting an offer to its end. It owns these values, what can be read from one
// job alone (is it rolling, is an instance well, what does it wait for) and the words for it. It never decides what
// happens next, makes no call and reads no clock: that is masterd/jobs, the only one that changes a Job. Start reading at
// Job.
package livejob
