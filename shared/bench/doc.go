// Package bench measures a running cluster from the outside, as a framework sees it: how long from ACCEPT to TASK_RUNNING, with
// an image and without, how many tiny tasks a second one agent ends, how long a large image takes, and how long after the
// leader's death the next task runs. It owns the measuring framework and the figures; the cluster is started by
// shared/localcluster, and what is compared with, a bare libcontainer start, is measured by agentd-shim in the same run.
// Figures are for reading side by side: only the ratios mean something on another machine. Start reading at Framework.
package bench
