// Package reading turns a cluster.View into what readers of Mesos's API expect: the legacy JSON documents (spec 7.1, 7.2),
// the messages of the operator API (spec 2.4) and the gauges of /metrics/snapshot (spec 7.5). It owns the mapping and no
// state: the same view gives the same bytes. It never waits, never asks for authentication and knows no HTTP.
//
//	legacy.go    /state and its parts
//	summary.go   /state-summary, /tasks, /roles
//	operator.go  GET_STATE and its parts
//	metrics.go   names and values of the metrics
package reading
