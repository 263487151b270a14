// Package jobs is the built-in framework: it keeps what operators submitted running to its end (DESIGN 6). It owns the jobs,
// their instances and the rule for when one is launched, again or at all. It is a machine like masterd/cluster and a client
// of it like any other framework: it hears scheduler events and answers with scheduler calls, never with a short cut.
// It never places a task without an offer, sees an agent, a clock, a socket or a logger.
//
// The promise is that every instance runs to its end once, whatever leaders come and go. It rests on four rules:
//
//   - A job is launched after the registry has it.
//   - Ids of tasks are derived from the job, so a new leader knows the id of whatever its predecessor may have launched.
//   - The end of a task is acknowledged after the registry has it, and the next attempt is launched after that.
//   - A task that may exist is asked for (RECONCILE) until there is an answer; only an answer that proves that it does not
//     run makes room for another attempt. Silence proves nothing.
//
// An instance:
//
//	         submit                    offer                    terminal                stored
//	───────▶ ready ──────────────────▶ launched ──────────────▶ settling ─────────────▶ ended
//	           ▲  ▲                      ▲                         │ to be tried again
//	           │  └──── time has come ── │ ───── waiting ◀─────────┘
//	           │ no such task            │ it runs
//	           └──────────── asking ─────┘
//	                            ▲
//	         change of leader ──┘
//
// Start reading at input.go, then state.go, update.go, place.go.
package jobs
