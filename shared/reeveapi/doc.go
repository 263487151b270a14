// Package reeveapi is the vocabulary of Reeve's own HTTP API, /reeve/v1: the JSON bodies that masters and agents send and
// that the console and the command line read. It owns names and units and has no logic beyond small helpers. Numbers are
// plain: cpus in cores, mem and disk in MB (2^20 bytes) where they are resources, bytes where the name says so; times are
// RFC 3339. Start reading at cluster.go, then watch.go.
package reeveapi

// UserHeader says who asks, for events and jobs, where no authentication says it. It is a claim, not a proof.
const UserHeader = "X-Reeve-User"
