#!/usr/bin/env bash
# Installs an .rpm with rpm itself, runs what it brings, upgrades and erases it, in a root that has this machine's files below and
# its own changes above, so that what each step changes is there to see, and this machine stays as it is. Usage: rpm.sh OLD NEW
# Needs root. There is no systemd in that root: the units are not run here, but in make test-box, from the .deb.
set -euo pipefail
if [ "${1:-}" != inside ]; then
  old=$(realpath "$1") new=$(realpath "$2")
  exec unshare --net --mount --pid --fork --kill-child --mount-proc bash "$0" inside "$old" "$new"
fi
old=$2 new=$3

mount --make-rprivate /
work=$(mktemp -d); trap 'umount -lR "$work" && rmdir "$work"' EXIT
mount -t tmpfs tmpfs "$work"
mkdir "$work"/{upper,work,root}; root=$work/root
mount -t overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/work" overlay "$root"
for dir in proc sys dev; do mount --rbind /$dir "$root/$dir"; done
for dir in run tmp; do mkdir -p "$root/$dir"; mount -t tmpfs tmpfs "$root/$dir"; done
ip link set lo up

fail() { echo "rpm: $*" >&2; exit 1; }
in_root() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root chroot "$root" "$@"; }
# The packages that ours asks for have other names on a Debian machine, so dependencies are looked at, and not asked for.
rpm() { in_root rpm --nodeps "$@"; }
# await COMMAND…: it has to succeed within three minutes.
await() {
  local i
  for ((i = 0; i < 180; i++)); do if "$@" >/dev/null 2>&1; then return 0; fi; sleep 1; done
  fail "not within three minutes: $*: $("$@" 2>&1 | tail -3); $(tail -n 5 "$work"/*.log)"
}

[ -z "$(getent passwd reeve)" ] || fail "this machine has a user reeve already: a package is installed on it"
cp "$old" "$root/old.rpm"; cp "$new" "$root/new.rpm"
in_root rpm -qp --nosignature --requires /old.rpm | grep -qx shadow-utils || fail "the package does not ask for who makes users"
in_root rpm --initdb
in_root rpm --import /dev/null 2>/dev/null || true

rpm -i --nosignature /old.rpm || fail "install"
in_root rpm -V --nodeps reeve || fail "what is installed is not what the package has"
before=$(in_root rpm -q reeve)
for user in reeve reeve-ssh; do
  in_root getent passwd $user | grep -q ':/var/lib/reeve.*:/usr/sbin/nologin$' || fail "the user $user: $(in_root getent passwd $user)"
done
for program in masterd agentd agentd-shim reeve; do in_root $program --version | grep -q "^$program version " || fail "$program --version"; done
for file in /usr/lib/systemd/system/{masterd,agentd,reeve-ssh}.service /usr/share/man/man8/masterd.8.gz /usr/share/zsh/site-functions/_reeve; do
  in_root rpm -qf $file | grep -q ^reeve- || fail "$file is not of the package"
done
echo "rpm: installed $before"

in_root_exec() { exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root chroot "$root" "$@"; }
in_root_exec setpriv --reuid reeve --regid reeve --clear-groups masterd --config /etc/reeve/masterd.yaml --work-dir /tmp/master >"$work/masterd.log" 2>&1 &
masterd=$!
in_root_exec agentd --config /etc/reeve/agentd.yaml >"$work/agentd.log" 2>&1 &
agentd=$!
registered() { in_root reeve agents -o wide | grep -q active; }
await registered
out=$(in_root reeve execute --name=first --command="echo hello world" --resources="cpus:0.1;mem:32" 2>&1) || fail "reeve execute: $out"
grep -q TASK_FINISHED <<<"$out" || fail "the first task did not finish: $out"
in_root reeve run --name beat -c 'sleep 4321' --cpus 0.1 --mem 32 >/dev/null
task_pid() { pgrep -xf 'sleep 4321' | head -1; }
await task_pid
task=$(task_pid)
echo "rpm: the first task finished; another one runs"

echo '#attributes: "rack:b7"' >>"$root/etc/reeve/agentd.yaml"
rpm -U --nosignature /new.rpm || fail "upgrade"
after=$(in_root rpm -q reeve)
[ "$before" != "$after" ] || fail "still $after"
grep -q b7 "$root/etc/reeve/agentd.yaml" || fail "the upgrade took the operator's settings"
kill -0 "$task" || fail "the upgrade ended the task"
in_root rpm -V --nodeps reeve | grep -v '^..5......  c /etc/reeve/agentd.yaml$' | grep . && fail "after the upgrade files are not what the package has"
echo "rpm: upgraded to $after; the task goes on"

# Without systemd nobody else stops the daemons.
kill $agentd $masterd; wait $agentd $masterd 2>/dev/null || true
in_root rpm -ql reeve >"$work/files"
rpm -e reeve || fail "erase"
await sh -c "! kill -0 $task"
while read -r file; do
  case $file in /etc/reeve) continue ;; esac # the operator's changed settings stay in it, as .rpmsave
  [ ! -e "$root$file" ] || fail "$file is left"
done <"$work/files"
[ -e "$root/etc/reeve/agentd.yaml.rpmsave" ] || fail "the operator's changed settings are gone"
left=$(cd "$work/upper" && find . -type f -newer "$work/files" | grep -v -e '^./var/lib/rpm/' -e '^./var/lib/reeve/' -e '/\.rpm' -e '^./etc/reeve/agentd.yaml.rpmsave$' || true)
[ -z "$left" ] || fail "the erase left: $left"
echo "rpm: erased; nothing is left but the operator's settings, the data and the users"
