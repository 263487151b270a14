// Package shimapi is the language between agentd and its shims: one unix socket per shim, one agentd connected at a time,
// frames of JSON with a length in front. Requests carry an id and are answered in any order; the shim also says by itself
// when a container has ended. It owns the form of the messages and no connection.
//
//	agentd → shim   hello            the shim first finishes or drops what an earlier agentd asked for, then lists its containers
//	                launch           answered when the command has been exec'ed, or with the reason why not
//	                signal           to the first process, or to all
//	                resize           changes the limits of a running one, or of a pod
//	                devices          gives a running one devices, and takes some away
//	                delete           forgets an ended container
//	                shutdown         ends the shim if nothing runs in it
//	shim → agentd   reply            one for each request
//	                exited           id 0; exit.json has been written before
//
// Further processes in a container go over a second socket, one connection for each: see Exec.
//
// A new field is optional and is ignored by who does not know it; anything else needs a new Version. Start reading at
// Request.
package shimapi
