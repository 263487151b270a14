// Package jobspec knows what an operator may submit as a job: its defaults, the rules it is checked by, its schedule, and
// what of it makes a running task another one. It keeps no state and does no I/O. Start reading at Complete and Check.
package jobspec
