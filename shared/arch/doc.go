// Package arch holds the rules of the tree as tests: who may import whom, what every package must say about itself, and how
// large things may grow. Each rule carries its reason, which is what a failing test prints. It has no code but tests; the
// limits on functions are golangci-lint's (.golangci.yml). Start reading at imports_test.go.
package arch
