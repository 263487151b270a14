//go:build linux && cgo

// Command agentd-shim parents containers and outlives agentd: it starts them, waits for them, records how they ended, and
// signals them. It is the only program that links libcontainer, in a binary of its own because libcontainer runs the
// binary again for every container. It knows nothing of the cluster, and nothing of a container but its OCI spec.
//
// One binary has four lives; the first two begin before main: "init" as argv[1] is libcontainer's set-up inside a new
// container; argv[0] /run/reeve-init is the container's pid 1 (init.c); "serve" is the shim; "bench" measures. Start
// reading at serve.
package main

import (
	"fmt"
	"os"
	"runtime"

	_ "github.com/opencontainers/cgroups/devices" // without it a container with device rules is refused
	"github.com/opencontainers/runc/libcontainer"
	_ "github.com/opencontainers/runc/libcontainer/nsenter" // enters namespaces in C, before the Go runtime

	"codeberg.org/reeve/reeve/shared/version"
)

// init is libcontainer's hook and nothing else may come before it. In a shim it also keeps the main thread for itself: a
// goroutine that joins a container's namespaces must never do so on the main thread, which Go cannot end afterwards.
func init() { //nolint:gochecknoinits // libcontainer re-executes the binary; the hook has to run before main
	if len(os.Args) > 1 && os.Args[1] == "init" {
		libcontainer.Init() // does not return
	}
	runtime.LockOSThread()
}

func main() {
	command := ""
	if len(os.Args) > 1 {
		command = os.Args[1]
	}
	var err error
	switch command {
	case "serve":
		err = serve(os.Args[2:])
	case "bench":
		err = bench(os.Args[2:])
	case "version", "--version":
		_, err = fmt.Println("agentd-shim version " + version.Full())
	default:
		fmt.Fprintln(os.Stderr, "agentd-shim is started by agentd; by hand it only says its version: agentd-shim version")
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "agentd-shim:", err)
		os.Exit(1)
	}
}
