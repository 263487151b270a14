// Package chaos runs a real cluster, does to it what happens to clusters, and checks what a framework saw of it: masters and
// agents are real processes, each in a network namespace of its own; a schedule that is drawn from a seed kills and stops
// daemons, shims and containers and cuts links, while a framework launches tasks. It owns the processes, the namespaces and the
// framework; the schedule is plan's, the judgement is history's. Tasks are plain commands: task groups, custom executors and jobs
// are not in it yet, nor are reboots and masters that lose their disks. It needs root, and iproute2 and util-linux. Start
// reading at Run.
package chaos
