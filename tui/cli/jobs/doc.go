// Package jobs is the verbs about jobs: reeve jobs, stop, scale, restart, rollback and trigger, and how reeve run submits and
// updates one. It reads no files and flags of a spec; reeve run does. Start reading at Commands and Config.Submit.
package jobs
