// Package jobs is the built-in framework: it keeps what operators submitted running to its end. It owns the jobs,
// their instances and the rule for when one is launched, again or at all. It is a machine like masterd/cluster and a client
// of it like any other framework: it hears scheduler events and answers with scheduler calls, never with a short cut.
// It never places a task without an offer, sees an agent, a clock, a socket or a logger.
//
// The promise is that every instance runs to its end once, whatever leaders come and go. It rests on four rules:
//
//   - A job is launched after the registry has it, and an attempt after the registry has its id.
//   - The end of a task is acknowledged after the registry has it.
//   - A new leader asks (RECONCILE) for every task that the registry says was launched, until there is an answer; only one
//     that proves that the task does not run makes room for another attempt. Silence proves nothing.
//   - Ids of tasks are never used twice, and a task that is not the current attempt of an instance is killed.
//
// The price is one commit between an offer and its ACCEPT, about a millisecond.
//
// A service promises to be there instead: when one of its tasks has to make room (an update, a draining agent, an unreachable
// one) it becomes a leaver, which is stored beside the instance's next attempt, so that every leader knows both and ends the
// old one (leaving.go). Updates go step by step by what the record says (rollout.go); a periodic job's runs are its instances
// made anew (schedule.go). What follows from a record alone is in masterd/jobrecord, where instances go in masterd/placement.
//
// An instance:
//
//	      offer               stored              terminal              stored
//	ready ───────▶ launching ───────▶ launched ───────────▶ settling ─────────▶ ended
//	  ▲                                ▲    │                    │ to be tried again
//	  │                     it runs    │    │ change of leader   ▼
//	  │                                └─ asking ─ terminal ─▶ (settling)
//	  └───────────────────── time has come ─────────────────── waiting
//
// Start reading at input.go, then state.go, status.go, place.go, rollout.go.
package jobs
