#!/bin/bash
# Runs in the virtual machine: what operators do after the install, as the documentation has it: the console over SSH, what to do when
# things break.
# shellcheck source=lib.sh
. /payload/lib.sh
. /payload/cluster.sh

step "a cluster of one machine, and a job"
cd /root || fail "no home"
check "install" dpkg -i /payload/new.deb
check "start of the units" systemctl enable --now masterd agentd
await "an agent in the cluster" agents 1
check "submit" reeve run --name beat -c 'while :; do date +%s >>beat; sleep 1; done' --cpus 0.1 --mem 32 --kind service
await "the task runs" task_state beat running
await "the task beats" beats
task=$(task_pid)

. /payload/console.sh
. /payload/breaks.sh

step "done"
