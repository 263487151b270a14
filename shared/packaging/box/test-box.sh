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
echo "test-box: packages ended with status $status in $((SECONDS - began)) s; the log is $logs/packages.log"
[ $status -eq 0 ] || exit $status

# The same package once more, by cloud-init: user data on a disk as the provider of a cloud would give it, the package by HTTP.
# The machine's only address and that of the host are those of qemu's network.
cp $box/cloud.sh "$payload/run.sh"
seed=$payload.seed; mkdir "$seed"; trap '[ -z "${server:-}" ] || kill "$server"; rm -rf "$payload" "$seed"' EXIT
cp "$payload/new.deb" "$seed/reeve.deb"
python3 -u -m http.server --bind 127.0.0.1 --directory "$seed" 0 >"$logs/http.log" 2>&1 &
server=$!
for _ in $(seq 30); do port=$(sed -n 's/.*port \([0-9]*\) .*/\1/p' "$logs/http.log"); [ -z "$port" ] || break; sleep 1; done
echo '{"masters": 1, "agents": 1, "together": true, "addresses": ["10.0.2.15"], "cluster": "cloud"}' >"$seed/config.json"
go run ./vagrant/cloud-init -config "$seed/config.json" -package "$payload/new.deb" -url "http://10.0.2.2:$port/reeve.deb" -out "$seed/made"
mkdir "$seed/cidata"
cp "$seed/made/master-and-agent.yaml" "$seed/cidata/user-data"
printf 'instance-id: box-1\nlocal-hostname: box\n' >"$seed/cidata/meta-data"
xorriso -as mkisofs -quiet -V cidata -J -r -o "$seed/cidata.iso" "$seed/cidata"
BOX_QEMU="-nic user,model=virtio-net-pci -drive file=$seed/cidata.iso,format=raw,if=virtio,readonly=on" \
  bash $box/boot.sh "$image" "$payload" "$logs/cloud.log" ds=nocloud || status=$?
result=passed; [ $status -eq 0 ] || result="FAILED (status $status)"
echo "test-box: $result in $((SECONDS - began)) s; the logs are $logs/packages.log and cloud.log"
exit $status
