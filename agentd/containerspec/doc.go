// Package containerspec turns a runtime.Spec into an OCI runtime spec: which mounts a container sees, what it may do and
// what bounds it. It is pure: what it has to know of the host is in Host, and it makes no system call, so that goldens show
// every container completely. What it does not write is the seccomp profile, which the shim adds because it depends on the
// kernel. Start reading at Build.
package containerspec
