#!/bin/bash
# Runs in the virtual machine: install, first task, upgrade with a running task, crash of the agent, purge.
# shellcheck source=lib.sh
. /payload/lib.sh
. /payload/cluster.sh

step "the machine: $(. /etc/os-release; echo "$PRETTY_NAME"), Linux $(uname -r), systemd $(systemctl --version | sed -n '1s/systemd \([0-9]*\).*/\1/p')"
same "kind of /sys/fs/cgroup" cgroup2fs "$(stat -fc %T /sys/fs/cgroup)"

step "install"
mkdir -p /root/dist; cp /payload/old.deb /root/dist/reeve_old_amd64.deb; cd /root || fail "no home"
check "install" written README.md 'sudo apt-get install ./dist/reeve_*_amd64.deb'
old=$(version_of)
for program in masterd agentd agentd-shim reeve; do
  $program --version | grep -Eq "^$program version [0-9.]+ \(commit [0-9a-f]{12} of 2[0-9-]+T[0-9:]+Z\)$" ||
    fail "$program --version says \"$($program --version)\""
done
for page in reeve reeve-execute masterd agentd; do check "manual" man -w "$page"; done
bash -c '. /usr/share/bash-completion/bash_completion; _completion_loader reeve; complete -p reeve' >/dev/null || fail "no completion of reeve"
same "completion of \"reeve ex\"" exec "$(reeve __complete ex 2>/dev/null | head -1 | cut -f1)"
check "logrotate" logrotate -d /etc/logrotate.d/reeve
for unit in masterd agentd reeve-ssh; do
  same "$unit before it is enabled" inactive "$(systemctl is-active $unit)"
  same "$unit after the install" disabled "$(systemctl is-enabled $unit)"
done
check "the units" systemd-analyze verify masterd.service agentd.service reeve-ssh.service

step "start"
check "start of the units" written README.md "sudo systemctl enable --now masterd agentd"
await "an agent in the cluster" agents 1
same "user of masterd" reeve "$(ps -o user= -p "$(main_pid masterd)")"
same "user of agentd" root "$(ps -o user= -p "$(main_pid agentd)")"
systemctl show -P StatusText masterd | grep -q '^serves http://127.0.0.1:5050' || fail "status of masterd: $(systemctl show -P StatusText masterd)"
journalctl -q -b -u agentd -o cat | grep 'isolates less' && fail "the agent isolates less than it could"

step "first task"
out=$(reeve execute --master=127.0.0.1:5050 --name=first --command="cat /proc/self/cgroup; echo hello world" --resources="cpus:0.5;mem:64" 2>&1) ||
  fail "reeve execute ended with status $?: $out"
grep -q TASK_FINISHED <<<"$out" || fail "the first task did not finish: $out"
out=$(written README.md 'reeve execute --name=hello --command="echo hello world" --resources="cpus:0.1;mem:32"' 2>&1)
grep -q TASK_FINISHED <<<"$out" || fail "the task of the documentation did not finish: $out"
grep -rqx 'hello world' /var/lib/reeve/agent/slaves/*/frameworks/*/executors/*/runs/*/stdout || fail "no output of the first task"

step "memory limit"
out=$(reeve execute --name=greedy --command="exec head -c 300M /dev/zero | tail" --resources="cpus:0.5;mem:32" 2>&1)
grep -qi 'memory' <<<"$out" || fail "the task that passes its memory limit: $out"

step "upgrade with a running task"
check "submit" reeve run --name beat -c 'while :; do date +%s >>beat; sleep 1; done' --cpus 0.1 --mem 32
await "the task runs" task_state beat running
await "the task beats" beats
task=$(task_pid)
[ -n "$task" ] || fail "the task has no process"
agent=$(main_pid agentd) master=$(main_pid masterd)
check "upgrade" apt-get install -y -qq /payload/new.deb
[ "$(version_of)" != "$old" ] || fail "still version $old"
[ "$(main_pid agentd)" != "$agent" ] || fail "agentd was not restarted"
[ "$(main_pid masterd)" != "$master" ] || fail "masterd was not restarted"
check "the task's process" kill -0 "$task"
check "the task goes on" beats_on
await "an agent in the cluster" agents 1
await "the task is known" task_state beat running
same "process of the task after the upgrade" "$task" "$(task_pid)"
await "the new agentd takes the task up" recovered "$(main_pid agentd)"

step "crash of the agent"
agent=$(main_pid agentd)
check "kill" systemctl kill --kill-whom=main -s KILL agentd
back() { local now; now=$(main_pid agentd); [ "$now" != 0 ] && [ "$now" != "$agent" ] && [ "$(systemctl is-active agentd)" = active ]; }
await "agentd is back" back
check "the task's process" kill -0 "$task"
check "the task goes on" beats_on
await "the task is known" task_state beat running
await "the next agentd takes the task up" recovered "$(main_pid agentd)"

step "logs and exec"
await "exec in the task" sh -c "reeve exec beat.0 -- cat beat | grep -q '^[0-9]'"

step "a changed setting survives another install"
echo '#attributes: "rack:b7"' >>/etc/reeve/agentd.yaml
check "install again" dpkg -i --force-confold /payload/new.deb
grep -q b7 /etc/reeve/agentd.yaml || fail "the operator's settings are gone"
check "the task's process" kill -0 "$task"

step "purge with a running task"
check "start of the console's unit" sh -c "echo 'principal=\"alice\" $(cut -d' ' -f1,2 </etc/ssh/ssh_host_ed25519_key.pub)' >>/etc/reeve/authorized_keys && systemctl enable --now reeve-ssh"
check "the task's process" kill -0 "$task"
check "purge" apt-get purge -y -qq reeve
left=()
[ -n "$(task_pid)" ] && left+=("the task")
pgrep -x 'masterd|agentd|agentd-shim|reeve' >/dev/null && left+=("processes: $(pgrep -ax 'masterd|agentd|agentd-shim|reeve')")
for path in /var/lib/reeve /run/reeve /etc/reeve /var/log/reeve /usr/bin/reeve /usr/bin/agentd-shim /usr/lib/systemd/system/agentd.service \
  /etc/systemd/system/multi-user.target.wants/agentd.service /etc/systemd/system/multi-user.target.wants/reeve-ssh.service \
  /sys/fs/cgroup/reeve /etc/logrotate.d/reeve /usr/share/doc/reeve; do
  [ ! -e "$path" ] || left+=("$path")
done
for user in reeve reeve-ssh; do
  getent passwd $user >/dev/null && left+=("user $user")
  getent group $user >/dev/null && left+=("group $user")
done
grep -q reeve /proc/mounts && left+=("mounts: $(grep reeve /proc/mounts)")
[ ${#left[@]} -eq 0 ] || fail "the purge left: ${left[*]}"

step "done"
