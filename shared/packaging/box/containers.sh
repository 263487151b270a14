# Runs in the virtual machine: every test binary, each in its package's folder, as root. The caller sees each test end; all
# that they print goes through a port of the machine's, for a log of each.
# shellcheck source=lib.sh
. /payload/lib.sh
set +e
pattern='' slow=1 limit=40
. /payload/settings
step "the machine: $(. /etc/os-release; echo "$PRETTY_NAME"), Linux $(uname -r), started in $(cut -d' ' -f1 /proc/uptime) s"
same "kind of /sys/fs/cgroup" cgroup2fs "$(stat -fc %T /sys/fs/cgroup)"
same "init" systemd "$(cat /proc/1/comm)"

# The payload can only be read, and is not copied: what tests write beside it goes to the disk.
mkdir -p /srv/tree /var/tmp/tree/upper /var/tmp/tree/work
mount -t overlay -o lowerdir=/payload/tree,upperdir=/var/tmp/tree/upper,workdir=/var/tmp/tree/work overlay /srv/tree || exit 1
export AGENTD_SHIM=/payload/bin/agentd-shim REEVE_BIN=/payload/bin REEVE_SLOW_HOST=$slow
port=/dev/virtio-ports/tests
[ -e $port ] || fail "the machine has no $port for the logs: $(ls /dev/virtio-ports /dev/vport* 2>&1)"
exec 3>$port

# What of shared/e2e is about containers.
about_containers='^Test(ContainersOfTheAPI|AttachToATask|CleanLeavesNothing|TheDiskIsFull|Exec|ExecuteTellsHowATaskFailed|KillAfter|URIsAreFetched|ASickTaskIsKilled|HealthByNetwork|ExecuteRunsImages|ExecuteTellsWhyAnImageCannotBeHad|PullsAreSeenKilledAndTakenUpAgain|PodsInImagesAndClean|CustomExecutorInImage|LogsAreBounded|TaskGroupPrintsWhatMesosExecutePrints|OneTaskOfAGroupFails|PodsOutliveTheirAgentd|AgentdDiesWhileItLaunchesAPod|LookingIntoAPod|APodSharesADirectory|TasksOutliveTheirAgentd|ATaskThatEndsWhileItsAgentdIsDownIsReported|DrainOnStop|NothingIsLeft|NothingIsLeftOfImagesAndExecutors|AVolumeOutlivesItsTasksItsAgentdAndItsMaster|Walls)$'

# The tests that this machine cannot run, and why. Any other that is skipped is a failure.
declare -A may_skip=(
  [agentd/shim:TestImports]="looks at sources with the go command"
)

# run_package NAME: prints each test's end, and leaves the counts in passed, failed and skipped.
run_package() {
  local name=$1 run=$pattern out=/var/tmp/out.$$
  if [ -z "$run" ]; then run=.; [ "$name" != shared/e2e ] || run=$about_containers; fi
  echo "@@ $name" >&3
  (cd "/srv/tree/$name" && exec timeout -k 60 "$((limit + 2))m" ./package.test -test.v -test.run "$run" -test.timeout "${limit}m" 2>&1) |
    awk -W interactive -v out="$out" '
      { print > "/dev/stderr"; print > out }
      /^ *--- SKIP/ { print "      " $0 ":" before; fflush() }
      /^ *--- FAIL/ || /^--- PASS/ || /^panic: / { print "      " $0; fflush() }
      { before = $0 }' 2>&3
  code=${PIPESTATUS[0]}
  passed=$(grep -c '^--- PASS' "$out") failed=$(grep -c '^--- FAIL' "$out")
  skipped=$(sed -n 's/^ *--- SKIP: \([^ ]*\) .*/\1/p' "$out")
  for test in $skipped; do
    [ -n "${may_skip[$name:$test]:-}" ] || { echo "      $test was skipped, which nothing here allows"; code=1; }
  done
  skipped=$(wc -w <<<"$skipped")
  [ "$code" -eq 0 ] || grep -v -e '^=== ' -e '^ *--- PASS' "$out" | grep -v '^ *[a-z_]*.go:[0-9]*: time=' | tail -60
}

bad=() table=''
while read -r name; do
  step "$name"
  start=$SECONDS
  run_package "$name"
  verdict=ok; [ "$code" -eq 0 ] || { verdict=FAIL; bad+=("$name"); }
  line=$(printf '%-4s %-24s %3d passed %3d failed %3d skipped %5d s' $verdict "$name" "$passed" "$failed" "$skipped" $((SECONDS - start)))
  step "$line"
  table+="$line"$'\n'
  for cgroup in /sys/fs/cgroup/reeve*; do
    [ ! -d "$cgroup" ] || [ "$cgroup" = /sys/fs/cgroup/reeve ] || { echo "      left: $cgroup"; bad+=("$name (left cgroups)"); rmdir "$cgroup" 2>/dev/null; }
  done
done </payload/packages
step "all packages"
echo "$table"
[ ${#bad[@]} -eq 0 ] || { echo "FAILED: ${bad[*]}"; exit 1; }
