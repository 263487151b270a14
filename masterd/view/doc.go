// Package view is what readers outside the master's loop see: agents, frameworks, tasks and offers of one moment, as values
// that are replaced and never changed, so that holding one costs nothing and comparing two finds what changed. It owns
// their shape and the records of the operator API made from them; it decides nothing. masterd/ledger makes Views,
// masterd/cluster hands them out under its own names. Start reading at View.
package view
