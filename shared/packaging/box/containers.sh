# Runs in the virtual machine: every test binary, each in its package's folder, as root, two at a time as go test does. The
# caller sees each test end; all that they print goes through ports of the machine's, for a log of each package.
# shellcheck source=lib.sh
. /payload/lib.sh
set +e
pattern='' slow=1 limit=40 lanes=2 share='' ports=/dev/virtio-ports
. /payload/settings
if [ -n "$share" ]; then # User Mode Linux: logs are files of the host
  ports=/logs
  mkdir -p "$ports"
  mount -t hostfs none $ports -o "$share" || exit 1
  mkdir -m 1777 /var/tmp/tmp && mount --bind /var/tmp/tmp /tmp || exit 1 # Linux 6.1 has no attributes of users on tmpfs
  mount --make-private /tmp && mount --make-shared /tmp || exit 1 # else what is mounted below it is below /var/tmp/tmp once more, and counted twice
  for program in iptables ip6tables; do update-alternatives --set $program /usr/sbin/$program-legacy; done # no nat in nf_tables
fi
modprobe loop # /dev/loop-control is the device that a test allows its tasks
step "the machine: $(. /etc/os-release; echo "$PRETTY_NAME"), Linux $(uname -r), up for $(cut -d' ' -f1 /proc/uptime) s"
same "kind of /sys/fs/cgroup" cgroup2fs "$(stat -fc %T /sys/fs/cgroup)"
same "init" systemd "$(cat /proc/1/comm)"

# The payload can only be read, and is not copied: what tests write beside it goes to the disk.
mkdir -p /srv/tree /var/tmp/tree/upper /var/tmp/tree/work /var/tmp/results
mount -t overlay -o lowerdir=/payload/tree,upperdir=/var/tmp/tree/upper,workdir=/var/tmp/tree/work overlay /srv/tree || exit 1
export AGENTD_SHIM=/payload/bin/agentd-shim REEVE_BIN=/payload/bin REEVE_SLOW_HOST=$slow

# What of shared/e2e is about containers.
about_containers='^Test(ContainersOfTheAPI|AttachToATask|CleanLeavesNothing|TheDiskIsFull|Exec|ExecuteTellsHowATaskFailed|KillAfter|URIsAreFetched|ASickTaskIsKilled|HealthByNetwork|ExecuteRunsImages|ExecuteTellsWhyAnImageCannotBeHad|PullsAreSeenKilledAndTakenUpAgain|PodsInImagesAndClean|CustomExecutorInImage|LogsAreBounded|ALogEndsUnseen|TaskGroupPrintsWhatMesosExecutePrints|OneTaskOfAGroupFails|PodsOutliveTheirAgentd|AgentdDiesWhileItLaunchesAPod|LookingIntoAPod|APodSharesADirectory|TasksOutliveTheirAgentd|ATaskThatEndsWhileItsAgentdIsDownIsReported|DrainOnStop|NothingIsLeft|NothingIsLeftOfImagesAndExecutors|AVolumeOutlivesItsTasksItsAgentdAndItsMaster|Walls|ASharedVolumeIsInTwoTasksAtOnce|AnImageSaysHowItIsAskedToEnd|LogsAreFollowedAcrossTheDrop|TasksOfAGroupShare|UsageOfARealTask|BrokenImagesLeaveNothing|ImagesOutOfFiles|WhatIsOldIsCollected|EveryLimitOfAProcess|AsAnOrdinaryUser)$'

# The tests that this machine cannot run, and why. Any other that is skipped is a failure.
declare -A may_skip=(
  [agentd/shim:TestImports]="looks at sources with the go command"
)

# run_package NAME: prints each test's end and the package's, and leaves a line of result. Descriptor 3 gets everything.
run_package() {
  local name=$1 run=$pattern out result code start=$SECONDS test skipped verdict=ok
  out=/var/tmp/results/${name//\//_}.out result=/var/tmp/results/${name//\//_}
  if [ -z "$run" ]; then run=.; [ "$name" != shared/e2e ] || run=$about_containers; fi
  step "$name"
  echo "@@ $name" >&3
  (cd "/srv/tree/$name" && TMPDIR=/tmp exec timeout -k 60 "$((limit + 2))m" ./package.test -test.v -test.run "$run" -test.timeout "${limit}m" 2>&1) |
    awk -W interactive -v out="$out" -v name="$name" '
      { print > "/dev/stderr"; print > out }
      /^ *--- SKIP/ { print "      " name " " $0 ":" before; fflush() }
      /^ *--- FAIL/ || /^--- PASS/ || /^panic: / { print "      " name " " $0; fflush() }
      { before = $0 }' 2>&3
  code=${PIPESTATUS[0]}
  skipped=$(sed -n 's/^ *--- SKIP: \([^ ]*\) .*/\1/p' "$out")
  for test in $skipped; do
    if [ -n "${may_skip[$name:$test]:-}" ]; then echo "      $name $test may be skipped: it ${may_skip[$name:$test]}"; continue; fi
    echo "      $name $test was skipped, which nothing here allows"; code=1
  done
  [ "$code" -eq 0 ] || { verdict=FAIL; grep -v -e '^=== ' -e '^ *--- PASS' "$out" | grep -v '^ *[a-z_]*.go:[0-9]*: time=' | tail -60; }
  printf '%-4s %-24s %3d passed %3d failed %3d skipped %5d s\n' $verdict "$name" "$(grep -c '^--- PASS' "$out")" \
    "$(grep -c '^--- FAIL' "$out")" "$(wc -w <<<"$skipped")" $((SECONDS - start)) >"$result"
  step "$(cat "$result")"
}

# lane NUMBER: takes one package after the other that no other lane has taken.
lane() {
  local name port=$ports/tests$1
  [ -e "$port" ] || { echo "the machine has no $port for the logs: $(ls $ports)"; return 1; }
  exec 3>"$port"
  while read -r name; do
    if mkdir "/var/tmp/results/${name//\//_}.taken" 2>/dev/null; then run_package "$name" </dev/null; fi
  done </payload/packages
}
for number in $(seq "$lanes"); do lane "$number" & done
wait

step "all packages"
status=0
while read -r name; do
  cat "/var/tmp/results/${name//\//_}" 2>/dev/null || echo "FAIL $name was not run"
done </payload/packages | tee /var/tmp/table
if grep -q '^FAIL' /var/tmp/table; then echo "FAILED: $(awk '/^FAIL/ { printf "%s ", $2 }' /var/tmp/table)"; status=1; fi
for cgroup in /sys/fs/cgroup/reeve-test* /sys/fs/cgroup/reeve/*/; do
  [ ! -d "$cgroup" ] || { echo "FAILED: a test left $cgroup"; status=1; }
done
if mounts=$(grep -E ' /(tmp|run/reeve)/' /proc/self/mountinfo); then echo "FAILED: a test left mounts: $mounts"; status=1; fi
exit $status
