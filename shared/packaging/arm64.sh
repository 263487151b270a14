#!/usr/bin/env bash
# Runs the programs of the arm64 package on this machine, under qemu's emulation of that processor for single programs: their
# versions, the command line against a master of this machine's own processor, and a master that an agent of this machine's own
# joins and runs a task under. The emulation has no namespaces of a container to give, so the arm64 shim only says its version.
# Usage: arm64.sh ARM64.deb THIS.deb. Needs root, for a network of its own.
set -euo pipefail
if [ "${1:-}" != inside ]; then
  arm=$(realpath "$1") own=$(realpath "$2")
  exec unshare --net --mount --pid --fork --kill-child --mount-proc bash "$0" inside "$arm" "$own"
fi
mount --make-rprivate /
ip link set lo up
qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64) || { echo "arm64: qemu-aarch64 is missing; apt-get install qemu-user-static" >&2; exit 1; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
dpkg-deb -x "$2" "$work/arm"; dpkg-deb -x "$3" "$work/own"
fail() { echo "arm64: $*" >&2; tail -n 5 "$work"/*.log >&2; exit 1; }
arm() { "$qemu" "$work/arm/usr/bin/$1" "${@:2}"; }
own() { "$work/own/usr/bin/$1" "${@:2}"; }
await() {
  local i
  for ((i = 0; i < 180; i++)); do if "$@" >/dev/null 2>&1; then return 0; fi; sleep 1; done
  fail "not within three minutes: $*: $("$@" 2>&1 | tail -3)"
}
health() { [ "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:5050/health)" = 200 ]; }
agents() { arm reeve agents -o wide | grep -q active; }

for program in masterd agentd agentd-shim reeve; do
  readelf -h "$work/arm/usr/bin/$program" | grep -q AArch64 || fail "$program is not for arm64"
  same=$(own $program --version); [ "$(arm $program --version)" = "$same" ] || fail "$program says $(arm $program --version), that of this machine $same"
done
echo "arm64: four programs, $same"

"$work/own/usr/bin/masterd" --work-dir "$work/master" >"$work/masterd.log" 2>&1 &
master=$!
await health
arm reeve masters | grep -q leading || fail "reeve masters"
arm reeve --plain >"$work/plain" || fail "reeve --plain"
grep -q . "$work/plain" || fail "reeve --plain printed nothing"
kill $master; wait $master || fail "masterd ended with status $?"
echo "arm64: reeve shows a cluster of this machine's masterd"

"$qemu" "$work/arm/usr/bin/masterd" --work-dir "$work/master-arm" >"$work/masterd-arm.log" 2>&1 &
master=$!
await health
case $(readlink /proc/$master/exe) in *qemu-aarch64*) ;; *) fail "the emulated master does not run" ;; esac
"$work/own/usr/bin/agentd" --join 127.0.0.1:7946 --gossip-port 7947 --work-dir "$work/agent" >"$work/agentd.log" 2>&1 &
agent=$!
await agents
out=$(arm reeve execute --name=arm --command="echo hello from afar" --resources="cpus:0.1;mem:32" 2>&1) || fail "reeve execute: $out"
grep -q TASK_FINISHED <<<"$out" || fail "the task did not finish: $out"
kill $agent $master; wait $agent || fail "agentd ended with status $?"; wait $master || fail "the emulated masterd ended with status $?"
own agentd clean --work-dir "$work/agent" || fail "agentd clean"
echo "arm64: masterd serves, an agent joins it, and a task of the arm64 reeve runs on it"
