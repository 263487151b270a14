//go:build linux && cgo

package main

import "C" // compiles init.c into the binary
