//go:build linux && cgo

package main

import (
	"fmt"
	"os"
	"testing"

	"codeberg.org/reeve/reeve/agentd/containerspec"
)

// TestMain keeps this binary from testing itself again and again: tests start it as the first process of a container, and
// when init.c does not take that over, for whatever mistake, each would start the next.
func TestMain(m *testing.M) {
	if os.Args[0] == containerspec.InitTarget {
		fmt.Fprintln(os.Stderr, "init.c has not run before main")
		os.Exit(99)
	}
	os.Exit(m.Run())
}
