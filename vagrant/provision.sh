#!/bin/bash
# Makes a Debian or Ubuntu machine a member of a cluster: installs the package, writes the settings, starts the units, waits until
# they serve, and says where. Run again it is an upgrade: what has not changed is left alone, and tasks go on.
# Usage: provision.sh PACKAGE, as root, with
#   REEVE_BOX_ROLES    "master", "agent" or both
#   REEVE_BOX_MASTERS  the addresses of all masters
#   REEVE_BOX_CLUSTER  the name of the cluster
#   REEVE_BOX_ADDRESS  this machine's address in the cluster; without it, the one that it reaches the masters from
set -euo pipefail
package=$1
: "${REEVE_BOX_ROLES:?}" "${REEVE_BOX_MASTERS:?}" "${REEVE_BOX_CLUSTER:=reeve}"
read -ra masters <<<"$REEVE_BOX_MASTERS"
if [ -z "${REEVE_BOX_ADDRESS:-}" ]; then
  for other in "${masters[@]}"; do # the route to itself says nothing else than its own address, which is right, too
    REEVE_BOX_ADDRESS=$(ip -4 route get "$other" | sed -n 's/.* src \([0-9.]*\).*/\1/p')
    [ -z "$REEVE_BOX_ADDRESS" ] || break
  done
  : "${REEVE_BOX_ADDRESS:?no route to a master}"
fi

# list SUFFIX: the masters as a list in YAML.
list() { local text; text=$(printf '"%s", ' "${masters[@]/%/$1}"); echo "[${text%, }]"; }
has() { [[ " $REEVE_BOX_ROLES " == *" $1 "* ]]; }

# settle FILE: writes standard input to it; succeeds if that changed it.
settle() {
  local new; new=$(mktemp)
  cat >"$new"
  if cmp -s "$new" "$1"; then rm "$new"; return 1; fi
  install -m 644 "$new" "$1"; rm "$new"
}

install_package() {
  if [[ $package == *.rpm ]]; then
    rpm -U --replacepkgs "$package"
  elif ! DEBIAN_FRONTEND=noninteractive dpkg --force-confold -i "$package" >/dev/null; then
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -f # a machine that lacks something the package needs
  fi
}

# start UNIT CHANGED: restarts what has new settings, starts the rest.
start() {
  systemctl enable --quiet "$1"
  if [ "$2" = yes ]; then systemctl restart "$1"; else systemctl start "$1"; fi
}

install_package

if has master; then
  changed=no
  settle /etc/reeve/masterd.yaml <<EOF && changed=yes
# Written by provision.sh; it writes this file again when it runs.
ip: $REEVE_BOX_ADDRESS
insecure: true # the machines' private network is trusted as a whole
cluster: $REEVE_BOX_CLUSTER
bootstrap-expect: ${#masters[@]}
join: $(list :7946)
EOF
  start masterd "$changed"
fi
if has agent; then
  changed=no
  settle /etc/reeve/agentd.yaml <<EOF && changed=yes
# Written by provision.sh; it writes this file again when it runs.
ip: $REEVE_BOX_ADDRESS
insecure: true # the machines' private network is trusted as a whole
gossip-port: 7947
join: $(list :7946)
EOF
  start agentd "$changed"
fi

# A shell on this machine finds the cluster, and says how to begin.
all=$(printf '%s:5050,' "${masters[@]}"); all=${all%,}
settle /etc/profile.d/reeve.sh <<EOF || true
export REEVE_MASTER=$all
EOF
settle /etc/motd <<EOF || true

Reeve: cluster "$REEVE_BOX_CLUSTER", this machine is: $REEVE_BOX_ROLES

  reeve                                          the console; ? shows its keys, q leaves
  reeve execute --name=hello --command="echo hello world" --resources="cpus:0.1;mem:32"
  man reeve                                      every verb

EOF

# The cluster serves when a leader answers, and when this machine's agent is in it.
export REEVE_MASTER=$all
serves() { reeve masters 2>/dev/null | grep -q leading && { ! has agent || reeve agents 2>/dev/null | grep -q "$REEVE_BOX_ADDRESS:5051"; }; }
# Of several masters the first one to come up waits for more than half; it must not keep the others from being made.
patience=600
[ "${#masters[@]}" -eq 1 ] || [ "$REEVE_BOX_ADDRESS" = "${masters[-1]}" ] || ! has master || patience=5
for ((i = 0; i < patience; i++)); do
  if serves; then
    echo "The cluster serves at http://$all; from your computer: reeve --master $all"
    exit 0
  fi
  sleep 1
done
if [ $patience -eq 5 ]; then echo "Waiting for the other masters."; exit 0; fi
echo "The cluster does not serve; journalctl -u masterd -u agentd on this machine says why:" >&2
journalctl -q --no-pager -n 20 -o cat -u masterd -u agentd >&2
exit 1
