// Package httpapi is the master's HTTP edge: the scheduler and operator APIs of Mesos (spec 1, 2.2, 2.4), its legacy
// endpoints (spec 7), and Reeve's own API under /reeve/v1. It owns routes, request checks, who may answer what while
// another master leads, and the writing of streams. It decides nothing about the cluster: calls go to the Term as inputs,
// and documents are made by masterd/reading and masterd/overview from views.
//
//	api.go        what it needs, and the routes: read it first
//	leading.go    redirects
//	scheduler.go  /api/v1/scheduler
//	operator.go   /api/v1
//	legacy.go     /state and its like
//	reeve.go      /reeve/v1, described by openapi.yaml
package httpapi
