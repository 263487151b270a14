// Package cli is the command line of reeve: one verb for each thing that an operator does without the console. It owns
// verbs, flags, tables and exit statuses, and speaks only the public APIs, through shared/client. Verbs print what they
// did or found on stdout and at most one line on stderr: what went wrong, why, and what to do.
//
// Every verb is a file with its command and what it prints. Start reading at New.
package cli
