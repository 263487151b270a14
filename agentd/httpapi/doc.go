// Package httpapi is the agent's HTTP edge: the operator API of an agent (spec 2.5), the legacy endpoints (spec 7.3), files
// of sandboxes (spec 3.12), metrics, and /reeve/v1/usage. It owns routes and the mapping from the workload's view to
// documents; it decides nothing and changes nothing. The executor API is agentd/executorapi, routed here.
//
//	api.go       what it needs, and the routes: read it first
//	state.go     /state
//	operator.go  /api/v1
//	container.go /containers, /monitor/statistics
//	metrics.go   names and values of the metrics
package httpapi
