// Package e2e holds the end-to-end tests: real masterd, agentd, agentd-shim and reeve processes on loopback, used as a
// person uses them, and killed as power cuts kill them. It owns no code but tests; frameworks that nobody here wrote are in
// the nested module mesosgo. Start reading at harness_test.go.
package e2e
