# Runs in the virtual machine: every test binary, each in a copy of its package's folder.
# shellcheck source=lib.sh
. /payload/lib.sh
set +e
step "the machine: $(. /etc/os-release; echo "$PRETTY_NAME"), Linux $(uname -r)"
same "kind of /sys/fs/cgroup" cgroup2fs "$(stat -fc %T /sys/fs/cgroup)"
cp -r /payload/tree /root/tree
cp /payload/agentd-shim /payload/agentd /usr/local/bin/
export AGENTD_SHIM=/usr/local/bin/agentd-shim
# A login session has no cgroup that others may be made below; neither has agentd's service. Tests make theirs at the root.
failed=()
while read -r binary; do
  name=${binary#/root/tree/}; name=${name%/package.test}
  out=$(cd "$(dirname "$binary")" && ./package.test -test.v -test.run "$pattern" -test.timeout 30m 2>&1); code=$?
  count=$(grep -c '^--- PASS' <<<"$out"); skipped=$(grep -c '^ *--- SKIP' <<<"$out")
  step "$name: $([ $code -eq 0 ] && echo ok || echo FAIL), $count tests passed, $skipped skipped"
  grep -A2 '^ *--- SKIP' <<<"$out" | grep -v -e '^--' -e '--- PASS' -e '=== ' | cut -c1-160
  [ $code -eq 0 ] || { failed+=("$name"); grep -v -e '^=== ' -e '--- PASS' <<<"$out" | tail -60; }
done < <(find /root/tree -name package.test | sort)
left=$(find /sys/fs/cgroup -mindepth 1 -maxdepth 1 -type d ! -name '*.slice' ! -name init.scope -printf '%f ')
[ -z "${left// /}" ] || echo "cgroups that tests left: $left"
[ ${#failed[@]} -eq 0 ] || { echo "FAILED: ${failed[*]}"; exit 1; }
step "done"
