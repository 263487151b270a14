// Package shimclient is the real container runtime: it implements runtime.Runtime by shims (agentd/shim), small processes
// that parent up to GroupSize containers each and outlive agentd. It decides which shim runs what, keeps the records from
// which the next agentd finds everything again, and cleans up behind dead shims. It links no libcontainer and starts no
// container itself.
//
// On disk, below the agent's work dir, which survives a reboot:
//
//	containers/boot_id            of the boot in which the records were written
//	containers/<id>/record.json   written before a shim is asked to launch
//	containers/<id>/exit.json     written by the shim at the end, by the client for a container that was lost
//
// and below the runtime dir, which does not:
//
//	shims/<name>/lock             flock'ed by the shim for as long as it lives; that is how one knows
//	shims/<name>/s, log, pid      its socket, what it has to say, and its process
//	shims/<name>/x                its socket for further commands in its containers
//	c/<id>/                       libcontainer's state
//	hostroot, init                mount points, used in the shims' own mount namespaces only
//
// Start reading at Client.
package shimclient
