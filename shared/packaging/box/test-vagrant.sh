#!/usr/bin/env bash
# make test-vagrant: "vagrant up" itself, with vagrant, libvirt and qemu from Debian's packages and a box that is made here from
# image.sh's disk. libvirt, the machine and the networks that libvirt makes live in namespaces of their own: this computer's
# network and libvirt, if it has one, are not touched. Needs root, and no hardware support. Logs are in .cache/box/log.
set -euo pipefail
cd "$(dirname "$0")/../../.."
box=shared/packaging/box
logs=.cache/box/log; mkdir -p "$logs"

if [ "${1:-}" != inside ]; then
  began=$SECONDS
  if ! out=$(bash shared/needs.sh vagrant 2>&1); then
    echo "test-vagrant: skipped, because vagrant with libvirt can't be had on this machine: $(tail -1 <<<"$out")"
    exit 0
  fi
  [ "$(id -u)" -eq 0 ] || { echo "test-vagrant: skipped, because libvirt's networks need root"; exit 0; }
  image=$(bash $box/image.sh .cache/box)
  work=$(mktemp -d -p .cache/box vagrant-XXXXXX); work=$(realpath "$work"); trap 'rm -rf "$work"' EXIT
  bash $box/versions.sh "$work" "$logs/build.log"
  status=0
  unshare --net --mount --pid --fork --kill-child --mount-proc bash "$0" inside "$work" "$(realpath "$image")" 2>&1 | tee "$logs/vagrant.log" || status=$?
  result=passed; [ $status -eq 0 ] || result="FAILED (status $status)"
  echo "test-vagrant: $result in $((SECONDS - began)) s; the log is $logs/vagrant.log"
  exit $status
fi

work=$2 image=$3
. $box/lib.sh
set -e

# The machine's folders that libvirt writes to, and its idea of the network, are this test's.
mount --make-rprivate /
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
for dir in /etc/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt; do
  mkdir -p "$dir" "$work/root$dir"
  [ $dir != /etc/libvirt ] || cp -r /etc/libvirt/. "$work/root$dir/"
  mount --bind "$work/root$dir" "$dir"
done
# There is no confinement here to use, and no other user whose files are to be guarded; qemu runs as who runs this test.
cat >>/etc/libvirt/qemu.conf <<'EOF'
user = "root"
group = "root"
security_driver = "none"
namespaces = []
cgroup_controllers = []
remember_owner = 0
stdio_handler = "file"
EOF
cat >>/etc/libvirt/libvirtd.conf <<'EOF'
auth_unix_rw = "none"
unix_sock_group = "root"
EOF
ip link set lo up

fail() {
  echo "FAILED: $*"
  tail -20 "$work/libvirtd.log" 2>/dev/null
  tail -20 /var/log/libvirt/qemu/*.log 2>/dev/null
  exit 1
}

step "libvirt $(libvirtd --version | sed 's/.* //'), $(vagrant --version 2>/dev/null), $(qemu-system-x86_64 --version | head -1)"
nice -n 19 libvirtd >"$work/libvirtd.log" 2>&1 &
await "libvirtd" virsh -c qemu:///system version

step "the box"
export HOME=$work VAGRANT_HOME=$work/home VAGRANT_DOTFILE_PATH=$work/machines VAGRANT_CHECKPOINT_DISABLE=1 VAGRANT_NO_COLOR=1
export VAGRANT_DEFAULT_PROVIDER=libvirt BOX_BOX=reeve/test BOX_BOX_URL=file://$work/test.box BOX_DRIVER=qemu
(cd vagrant && BOX_PACKAGE=$work/old.deb vagrant validate) || fail "vagrant validate"
# Without an index of all manuals, which takes minutes on an emulated CPU and is made anew at each install.
# The key is the one that every box has and Vagrant replaces at the first login.
ssh-keygen -y -f "$VAGRANT_HOME/insecure_private_key" >"$work/authorized_keys" || fail "vagrant has no key for boxes"
mkdir "$work/box"
cp --sparse=always "$image/disk.img" "$work/disk.img"
debugfs -w -f - "$work/disk.img" >"$work/debugfs.log" 2>&1 <<EOF
cd /home/vagrant/.ssh
write $work/authorized_keys authorized_keys
set_inode_field authorized_keys uid 1000
set_inode_field authorized_keys gid 1000
set_inode_field authorized_keys mode 0100600
rm /var/lib/man-db/auto-update
EOF
qemu-img convert -O qcow2 "$work/disk.img" "$work/box/box.img"; rm "$work/disk.img"
cp "$image/vmlinuz" "$image/initrd" "$work/box/"
echo '{"provider": "libvirt", "format": "qcow2", "virtual_size": 8}' >"$work/box/metadata.json"
# The disk has no boot loader: the kernel is beside it in the box.
cat >"$work/box/Vagrantfile" <<'EOF'
Vagrant.configure("2") do |config|
  config.vm.provider "libvirt" do |v|
    v.kernel = File.join(__dir__, "vmlinuz")
    v.initrd = File.join(__dir__, "initrd")
    v.cmd_line = "root=/dev/vda rw console=ttyS0 quiet no_timer_check mitigations=off systemd.show_status=no systemd.ssh_auto=no cloud-init=disabled"
  end
end
EOF
tar -C "$work/box" -cf "$work/test.box" . && rm -r "$work/box"

cd vagrant
vm() { vagrant ssh -c "$1" 2>&1 | tr -d '\r'; }

step "vagrant up"
export BOX_PACKAGE=$work/old.deb
vagrant up || fail "vagrant up ended with status $?"

step "vagrant ssh -c 'reeve execute …'"
line=$(sed -n "s/^    \\(vagrant ssh -c '.*'\\)$/\\1/p" ../README.md); [ -n "$line" ] || fail "README.md has no command with vagrant ssh -c"
out=$(bash -c "$line" 2>&1 | tr -d '\r') || fail "reeve execute: $out"
echo "$out"
grep -q TASK_FINISHED <<<"$out" || fail "the task did not finish"

step "from this computer"
dpkg-deb -x "$work/old.deb" "$work/programs"
PATH=$work/programs/usr/bin:$PATH
reeve --master 10.141.141.10:5050 masters || fail "reeve masters"
reeve --master 10.141.141.10:5050 agents || fail "reeve agents"
out=$(reeve execute --master=10.141.141.10:5050 --name=from-afar --command="echo hello from afar" --resources="cpus:0.1;mem:32" 2>&1) || fail "reeve execute: $out"
grep -q TASK_FINISHED <<<"$out" || fail "the task did not finish: $out"

step "what vagrant ssh lands in"
screen() { tmux -L "reeve-$$" capture-pane -p -t landing; }
shows() { screen | grep -q "$1"; }
keys() { tmux -L "reeve-$$" send-keys -t landing "$@"; }
tmux -L "reeve-$$" new-session -d -s landing -x 100 -y 30 "vagrant ssh; sleep 600"
for line in 'the console; ? shows its keys' 'reeve execute --name=hello' 'man reeve'; do await "the message of the day: $line" shows "$line"; done
await "a prompt" shows 'vagrant@reeve:.*\$'
keys "reeve mainten" Tab; await "completion" shows '\$ reeve maintenance'; keys C-u
keys "man -w masterd reeve-execute" Enter; await "manual" shows '^/usr/share/man/man8/masterd.8.gz'
screen
keys "reeve" Enter; await "the console" shows '● live .*10.141.141.10:5050.* RW'; screen
keys q; keys "exit" Enter
tmux -L "reeve-$$" kill-server

step "vagrant provision is an upgrade"
task_pid() { vm "pgrep -f '>>bea[t]; sleep' | sort -n | head -1"; }
vm "reeve run --name beat -c 'while :; do date +%s >>beat; sleep 1; done' --cpus 0.1 --mem 32" || fail "reeve run"
running() { reeve --master 10.141.141.10:5050 tasks -o wide | grep -q 'beat.*running'; }
await "the task runs" running
task=$(task_pid); [ -n "$task" ] || fail "the task has no process"
before=$(vm "dpkg-query -W -f '\${Version}' reeve")
BOX_PACKAGE=$work/new.deb vagrant provision || fail "vagrant provision"
after=$(vm "dpkg-query -W -f '\${Version}' reeve")
echo "$before is now $after; the task's process was $task and is $(task_pid)"
[ "$before" != "$after" ] || fail "the package is the same"
same "process of the task" "$task" "$(task_pid)"
await "the task is known" running

step "vagrant destroy"
vagrant destroy -f || fail "vagrant destroy"
left=$(virsh -c qemu:///system list --all --name | grep . || true)
[ -z "$left" ] || fail "machines are left: $left"
step "done"
