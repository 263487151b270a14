#!/usr/bin/env bash
# make test-box: the packages in a virtual machine with Debian, systemd and cgroup v2: install, first task, upgrade with a
# running task, crash of the agent, purge; a fresh machine that cloud-init makes a cluster; those on which the commands of the
# documentation are run: the console over SSH, when things break, three masters by hand; and "vagrant up". It says how long each step
# takes. Logs are in .cache/box/log. The first run makes the machine's disk (root).
# Usage: test-box.sh [packages] [cloud] [operations] [masters] [vagrant]   (default: all)
#   BOX_UML=yes  in User Mode Linux instead of qemu, several times as fast; cloud and vagrant, which need networks, are left out
set -euo pipefail
cd "$(dirname "$0")/../../.."
began=$SECONDS
box=shared/packaging/box
logs=.cache/box/log; mkdir -p "$logs"
all=(packages cloud operations masters vagrant)
[ "${BOX_UML:-no}" != yes ] || all=(packages operations masters)
stages=("$@"); [ ${#stages[@]} -gt 0 ] || stages=("${all[@]}")
for stage in "${stages[@]}"; do
  [[ " ${all[*]} " == *" $stage "* ]] || { echo "there is no stage $stage; those of this kind of machine are: ${all[*]}" >&2; exit 2; }
done
took=()

# note WHAT SINCE: how long something took, for the table at the end.
note() { took+=("$(printf '%5d s  %s' $((SECONDS - $2)) "$1")"); }

# steps LOG: how long each step in the machine took; each ends where the next begins.
steps() {
  tr -d '\r' <"$1" | sed 's/^.*\(== *[0-9]* s  \)/\1/' | awk '/^== +[0-9]+ s  / { if (what != "") printf "        %5d s  %s\n", $2 - at, what; at = $2; sub(/^== +[0-9]+ s  /, ""); what = $0 }'
}

finish() {
  echo "test-box: $1 in $((SECONDS - began)) s"
  printf '  %s\n' "${took[@]}"
  echo "the logs are in $logs"
}

since=$SECONDS
image=$(bash $box/image.sh .cache/box)
note "the machine's disk" $since
work=$(mktemp -d); trap '[ -z "${server:-}" ] || kill "$server"; rm -rf "$work"' EXIT
made=$work/made; payload=$work/payload; mkdir "$made" "$payload"

since=$SECONDS
bash $box/versions.sh "$payload" "$logs/build.log"
note "packages of two versions" $since
cp $box/{lib,cluster,console,breaks}.sh "$payload/"
cp -r shared/docs "$payload/docs"; cp README.md "$payload/docs/"

# stage NAME SCRIPT [KERNEL ARGUMENT…]: the script in a machine; its steps go into the table.
failed=()
stage() {
  local name=$1 status=0 since=$SECONDS; cp "$box/$2" "$payload/run.sh"
  echo "booting a machine for $name"
  BOX_TIMEOUT=${BOX_TIMEOUT:-5400} bash $box/boot.sh "$image" "$payload" "$logs/$name.log" "${@:3}" || status=$?
  note "machine for $name, of which booting took what is missing in its steps:" $since
  mapfile -t -O ${#took[@]} took < <(steps "$logs/$name.log")
  [ $status -eq 0 ] || failed+=("$name (status $status)")
}

[[ " ${stages[*]} " != *" packages "* ]] || stage packages packages.sh

# The same package once more, by cloud-init: user data on a disk as the provider of a cloud would give it, the package by HTTP.
# The machine's only address and that of the host are those of qemu's network.
if [[ " ${stages[*]} " == *" cloud "* ]]; then
  cp "$payload/new.deb" "$made/reeve.deb"
  : >"$logs/http.log" # the port is read from it, and not that of an earlier run
  python3 -u -m http.server --bind 127.0.0.1 --directory "$made" 0 >"$logs/http.log" 2>&1 &
  server=$!
  for _ in $(seq 30); do port=$(sed -n 's/.*port \([0-9]*\) .*/\1/p' "$logs/http.log"); [ -z "$port" ] || break; sleep 1; done
  echo '{"masters": 1, "agents": 1, "together": true, "addresses": ["10.0.2.15"], "cluster": "cloud"}' >"$made/config.json"
  # The command is the README's, with another address and package.
  line=$(sed -n 's/^    \(go run .*cloud-init .*\)$/\1/p' README.md)
  line=${line/https:\/\/example.org/http:\/\/10.0.2.2:$port}; line=${line/dist\/reeve_\*_amd64.deb/$payload/new.deb}
  bash -c "$line -config $made/config.json -out $made/user-data"
  mkdir "$made/cidata"
  cp "$made/user-data/master-and-agent.yaml" "$made/cidata/user-data"
  printf 'instance-id: box-1\nlocal-hostname: box\n' >"$made/cidata/meta-data"
  xorriso -as mkisofs -quiet -V cidata -J -r -o "$made/cidata.iso" "$made/cidata"
  BOX_QEMU="-nic user,model=virtio-net-pci -drive file=$made/cidata.iso,format=raw,if=virtio,readonly=on" stage cloud cloud.sh ds=nocloud
fi

[[ " ${stages[*]} " != *" operations "* ]] || stage operations operations.sh
[[ " ${stages[*]} " != *" masters "* ]] || stage masters masters.sh

# "vagrant up" with the same packages, where vagrant can be had; it says so where not.
if [[ " ${stages[*]} " == *" vagrant "* ]]; then
  since=$SECONDS; rm -f "$logs/vagrant.log"
  BOX_DEBS=$payload bash $box/test-vagrant.sh || failed+=("vagrant (status $?)")
  note "vagrant" $since
  [ ! -e "$logs/vagrant.log" ] || mapfile -t -O ${#took[@]} took < <(steps "$logs/vagrant.log")
fi

[ ${#failed[@]} -eq 0 ] || { finish "FAILED: ${failed[*]}"; exit 1; }
finish passed
