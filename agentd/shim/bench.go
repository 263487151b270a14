//go:build linux && cgo

package main

func bench(args []string) error { return nil }
