// Package mesosgo runs schedulers and executors that nobody here wrote, mesos-go's examples, unmodified against a cluster
// of real processes. It is a module of its own, so that what they need stays out of the product's go.mod. It owns no code
// but tests. Start reading at mesosgo_test.go.
package mesosgo

import (
	_ "github.com/mesos/mesos-go/api/v1/cmd"                       // so that the module is required, at the version tested
	_ "github.com/mesos/mesos-go/api/v1/cmd/example-scheduler/app" // what the scheduler's binary needs
	_ "github.com/mesos/mesos-go/api/v1/lib/executor/config"       // what the executor's binary needs
	_ "github.com/pborman/uuid"
)
