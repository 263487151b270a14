#!/bin/bash
# Runs in the virtual machine, after cloud-init has read its user data: the machine has to be a cluster of one.
# shellcheck source=lib.sh
. /payload/lib.sh

# task_pid prints the task's first process, if it has any; a fork of its shell looks the same, but is younger.
task_pid() { pgrep -f '>>bea[t]; sleep' | sort -n | head -1; }

step "cloud-init"
await "the end of cloud-init" sh -c 'cloud-init status | grep -Eq "done|error|disabled"'
cloud-init status | grep -q done || fail "cloud-init: $(cloud-init status --long; tail -30 /var/log/cloud-init-output.log)"
out=$(cloud-init schema --system 2>&1) || fail "the user data is not valid: $out"
grep -q 'The cluster serves at http://10.0.2.15:5050' /var/log/cloud-init-output.log || fail "$(tail -30 /var/log/cloud-init-output.log)"

step "a login shell"
same "what a shell finds" 10.0.2.15:5050 "$(bash -lc 'echo $REEVE_MASTER')"
grep -q 'reeve execute --name=hello' /etc/motd || fail "no message of the day"
# The command is that of the message of the day.
out=$(bash -lc "$(sed -n 's/^  \(reeve execute .*\)$/\1/p' /etc/motd)" 2>&1) || fail "the message's command: $out"
grep -q TASK_FINISHED <<<"$out" || fail "the message's command: $out"

step "once more is an upgrade"
check "submit" bash -lc "reeve run --name beat -c 'while :; do date +%s >>beat; sleep 1; done' --cpus 0.1 --mem 32"
await "the task runs" bash -lc "reeve tasks -o wide | grep -q 'beat.*running'"
task=$(task_pid)
check "reeve-fetch" bash /usr/local/sbin/reeve-fetch
check "the task's process" kill -0 "$task"
await "the task is known" bash -lc "reeve tasks -o wide | grep -q 'beat.*running'"

step "another package is refused"
sed -i 's/^REEVE_PACKAGE_SHA256=.*/REEVE_PACKAGE_SHA256=0000000000000000000000000000000000000000000000000000000000000000/' /etc/reeve-machine.env
if out=$(bash /usr/local/sbin/reeve-fetch 2>&1); then fail "a package with the wrong checksum was installed: $out"; fi

step "done"
