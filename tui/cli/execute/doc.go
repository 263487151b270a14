// Package execute is "reeve execute": one task, or one group of tasks, run by a framework that lives as long as the
// command. It has the flags, the output and the exit status of Mesos's own tool, so that scripts written for that keep
// working (spec 5.1). It keeps nothing and watches nothing else; "reeve run" submits jobs that outlive their submitter.
// Start reading at Command.
package execute
