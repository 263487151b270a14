// Package conformance asks real masterd and agentd processes everything that clients of Mesos's v1 API ask, in both
// encodings, and holds the answers against the tables of the wire specification and against what a real Mesos answered.
// It owns no code but tests, and knows the daemons by their ports only; what single packages promise is tested with them.
//
//	harness_test.go    the cluster that the tests share, and the two encodings
//	client_test.go     requests, streams, and the trees that answers are compared as: read it first
//	scheduler_test.go  the scheduler API
//	executor_test.go   the executor API, by an executor that is this test binary
//	operator_test.go   the operator APIs
//	legacy_test.go     GET endpoints: shape, prefixes, queries, files
//	transport_test.go  what happens on the connection
//	metrics_test.go    names and values of metrics
package conformance
