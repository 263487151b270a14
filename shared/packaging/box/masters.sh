#!/bin/bash
# Runs in the virtual machine: "Three masters by hand" of install.md, as it stands there. The masters are containers of systemd on a bridge
# of this machine, each with a systemd of its own and this machine's files below its own changes; the agent is this machine.
# shellcheck source=lib.sh
. /payload/lib.sh
. /payload/cluster.sh

step "three masters by hand: machines"
cd /root || fail "no home"
check "install" dpkg -i /payload/new.deb
check "bridge" ip link add hand type bridge
check "address" ip address add 10.0.0.9/24 dev hand
check "bridge" ip link set hand up
inside() { nsenter -a -t "$(machinectl show -p Leader --value "m$1")" "${@:2}"; }
# boot_machine NUMBER: a new one. systemd-nspawn refuses to boot / itself with changes of its own above it, so they are put there before.
boot_machine() {
  local at=/srv/m$1
  umount -R "$at" 2>/dev/null
  mkdir -p "$at" && mount -t tmpfs "m$1" "$at" && mkdir "$at/upper" "$at/work" "$at/root" &&
    mount -t overlay -o "lowerdir=/,upperdir=$at/upper,workdir=$at/work" "m$1" "$at/root" || fail "no disk for m$1"
  : >"$at/root/etc/machine-id"
  echo "m$1" >"$at/root/etc/hostname"
  printf '127.0.0.1 localhost\n127.0.1.1 m%s\n' "$1" >"$at/root/etc/hosts"
  systemd-nspawn -q --boot --directory="$at/root" --machine="m$1" --network-bridge=hand \
    -- systemd.mask=systemd-networkd.service systemd.mask=agentd.service systemd.mask=reeve-ssh.service cloud-init=disabled >"/root/m$1.log" 2>&1 </dev/null &
}
start_machine() {
  await "machine m$1" inside "$1" systemctl is-active multi-user.target
  inside "$1" sh -c "ip address add 10.0.0.$1/24 dev host0 && ip link set host0 up"
}
# lose NUMBER: its power goes, as it were. machinectl terminate would have it shut down in order.
lose() {
  check "loss of m$1" machinectl kill --signal=KILL "m$1"
  gone() { ! machinectl show "m$1"; }
  await "end of m$1" gone "$1"
}
# What the machines say, if this script fails.
machines_say() {
  local n
  for n in 1 2 3; do
    echo "-- m$n:"; tail -15 "/root/m$n.log"
    inside "$n" journalctl -q --no-pager -b -u masterd -o cat | tail -15
  done
}
trap '[ $? -eq 0 ] || machines_say 2>&1' EXIT
for n in 1 2 3; do boot_machine $n; done
for n in 1 2 3; do check "address of m$n" start_machine $n; done

step "three masters by hand: masters"
block install.md '/etc/reeve/masterd.yaml <<EOF' >master
block install.md '/etc/reeve/agentd.yaml <<EOF' >agent
for file in masterd agentd; do same "README.md's block of $file.yaml" "$(block install.md "/etc/reeve/$file.yaml <<EOF")" "$(block README.md "/etc/reeve/$file.yaml <<EOF")"; done
[ -s master ] && [ -s agent ] || fail "install.md has no blocks for masters and agents by hand"
for n in 1 2 3; do
  out=$(sed "s/^ip: .*/ip: 10.0.0.$n/" master | inside $n bash -e 2>&1) || fail "the master's block on m$n: $out"
done
all=10.0.0.1:5050,10.0.0.2:5050,10.0.0.3:5050
# of CONDITION: the last part of the address of each master of which the condition is true.
of() { reeve masters --master $all -o json | python3 -c "import json,sys; print(*[m['http'].split(':')[0].split('.')[3] for m in json.load(sys.stdin) if $1])"; }
three() { [ "$(of 'm["voter"]' | wc -w)" = 3 ]; }
await "three masters that vote" three

step "three masters by hand: an agent and a task"
check "the agent's block" bash -e agent
agent_here() { reeve agents --master $all -o wide | grep -q '10.0.0.9:5051.*active\|active.*10.0.0.9:5051'; }
await "the agent" agent_here
written install.md "reeve masters --master $all" || fail "reeve masters"
out=$(reeve execute --master=$all --name=by-hand --command="echo by hand" --resources="cpus:0.1;mem:32" 2>&1) || fail "reeve execute: $out"
grep -q TASK_FINISHED <<<"$out" || fail "the task did not finish: $out"

step "three masters by hand: the leader is lost"
leader() { of 'm["state"] == "leading"'; }
leading() { was=$(leader) && [ -n "$was" ]; }
await "a leader" leading
first=$was
lose "$first"
another() { leading && [ "$was" != "$first" ]; }
await "another leader" another
await "the agent under it" agent_here

step "when things break: most of the masters are lost"
await "a leader" another
last=$((1 + 2 + 3 - first - was))
lose "$was"
alone() { inside "$last" curl -s "http://10.0.0.$last:5050/ready" | grep -q 'no master leads; an election needs most of the masters'; }
await "no leader" alone
page=when-things-break.md
recover="masterd recover --work-dir /var/lib/reeve/master"
for line in "systemctl stop masterd" "$recover" "systemctl start masterd"; do grep -qF "$line" "/payload/docs/$page" || fail "$page does not say: $line"; done
# A person answers: masterd recover asks at a terminal only.
answer() { echo "$1" | inside "$last" script -qec "$recover" /dev/null; }
check "stop" inside "$last" systemctl stop masterd
out=$(answer no); grep -q 'up to entry [0-9]* of the registry' <<<"$out" || fail "$recover says: $out"
out=$(answer yes); grep -q 'Done: it votes alone' <<<"$out" || fail "$recover says: $out"
check "start" inside "$last" systemctl start masterd
await "it leads alone" sh -c "reeve masters --master $all | grep -q leading"
await "the agent under it" agent_here
# The other one comes back with an empty work dir.
boot_machine "$was"
check "a new m$was" start_machine "$was"
out=$(sed "s/^ip: .*/ip: 10.0.0.$was/" master | inside "$was" bash -e 2>&1) || fail "the master's block on m$was: $out"
two() { [ "$(of 'm["voter"]' | wc -w)" = 2 ]; }
await "the new one votes" two
reeve masters --master $all

for n in "$was" "$last"; do lose "$n"; done
step "done"
