#!/usr/bin/env bash
# make test-box: the packages in a virtual machine with Debian, systemd and cgroup v2: install, first task, upgrade with a
# running task, crash of the agent, purge. Logs are in .cache/box/log. The first run makes the machine's disk (root).
set -euo pipefail
cd "$(dirname "$0")/../../.."
began=$SECONDS
box=shared/packaging/box
logs=.cache/box/log; mkdir -p "$logs"
image=$(bash $box/image.sh .cache/box)
payload=$(mktemp -d); trap 'rm -rf "$payload"' EXIT

arch=$(go env GOHOSTARCH)
for age in old new; do
  number=1; [ $age = old ] || number=2
  DIST=$payload/$age VERSION=0.1.0~test$number bash shared/packaging/build.sh "$arch" >"$logs/build-$age.log" 2>&1 || { tail "$logs/build-$age.log" >&2; exit 1; }
  mv "$payload/$age"/*.deb "$payload/$age.deb"; rm -r "${payload:?}/$age"
done
cp $box/lib.sh "$payload/"
cp $box/packages.sh "$payload/run.sh"

status=0
bash $box/boot.sh "$image" "$payload" "$logs/packages.log" || status=$?
result=passed; [ $status -eq 0 ] || result="FAILED (status $status)"
echo "test-box: $result in $((SECONDS - began)) s; the log is $logs/packages.log"
exit $status
