// Package serve lets operators who have nothing installed use the console over SSH: reeve serve-ssh. It owns who may come in
// (public keys only, each bound to a principal and to what it may do), the session's terminal, and the notes of who came and
// went. It never draws: each session is a process of its own that shows the same console as everywhere. Start reading at
// Server.
package serve
