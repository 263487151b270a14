#!/usr/bin/env bash
# Boots the disk of image.sh in qemu and has it run a folder's run.sh. Usage: boot.sh IMAGE PAYLOAD LOG [KERNEL ARGUMENT…]
# PAYLOAD becomes a second, read-only disk at /payload. LOG gets the serial console, which this prints, too, from where
# run.sh starts. Nothing is written to IMAGE. Ends with the status of run.sh; 98 if the machine never said one.
#   BOX_TIMEOUT  seconds until it gives up (1800)     BOX_MEMORY  megabytes (2048)     BOX_CPUS  (2)
#   BOX_QEMU     more arguments for qemu, words    BOX_KVM=yes  use the hardware's help
#   BOX_UML=yes  User Mode Linux instead of qemu: one CPU, no network to the outside, and several times as fast as an emulated one
set -euo pipefail
image=$1; payload=$2; log=$3; shift 3
qemu=qemu-system-x86_64; [ "${BOX_UML:-no}" != yes ] || qemu=linux.uml
command -v "$qemu" >/dev/null || { echo "$qemu is missing; bash shared/needs.sh vm installs it" >&2; exit 1; }

scratch=$(mktemp -d)
trap 'pkill -KILL -f "linux[.]uml .*ubd0=$scratch/cow" || true; rm -rf "$scratch"' EXIT # one that is killed leaves the processes that were its programs
size=$(du -sm "$payload" | cut -f1)
truncate -s $((size + size / 4 + 32))M "$scratch/payload.img"
mkfs.ext4 -q -F -L payload -O ^has_journal -d "$payload" "$scratch/payload.img"

# An emulated CPU works everywhere; that /dev/kvm is there does not mean that it does. Left out is what makes the kernel do
# what is dear to emulate: with erms it copies byte by byte, which takes five times as long.
accel=(-accel "tcg,thread=multi,tb-size=512" -cpu max,-erms,-smap,-smep,-la57,-pku,-umip)
[ "${BOX_KVM:-no}" != yes ] || accel=(-accel kvm -cpu host)
args="rw console=ttyS0 quiet panic=-1 mitigations=off systemd.show_status=no systemd.ssh_auto=no ${*:-cloud-init=disabled}"
# shellcheck disable=SC2206 # BOX_QEMU and args hold words
if [ $qemu = linux.uml ]; then
  machine=(linux.uml "mem=${BOX_MEMORY:-2048}M" "ubd0=$scratch/cow,$(realpath "$image/disk.img")" "ubd1r=$scratch/payload.img"
    root=/dev/ubda con=null con0=null ssl=null ssl0=null,fd:1 $args)
  [ ! -w /dev/shm ] || export TMPDIR=/dev/shm # its memory is a file
else
  # On a busy host the emulated timer is late for the test that the kernel makes of it: no_timer_check.
  machine=($qemu "${accel[@]}" -smp "${BOX_CPUS:-2}" -m "${BOX_MEMORY:-2048}" -kernel "$image/vmlinuz" -initrd "$image/initrd"
    -append "root=/dev/vda no_timer_check $args"
    -drive "file=$image/disk.img,format=raw,if=virtio,snapshot=on,cache=unsafe"
    -drive "file=$scratch/payload.img,format=raw,if=virtio,readonly=on"
    -display none -no-reboot -serial "file:$log" -device virtio-rng-pci ${BOX_QEMU:--nic user,model=virtio-net-pci})
fi
# Linux changes its own code while it starts, and an emulator may run a piece of it that is half changed ("Oops: int3"). A kernel that
# dies before run.sh's first step says nothing about what is tested: once more.
for _ in 1 2 3; do
  : >"$log"; rm -f "$scratch/cow"
  timeout "${BOX_TIMEOUT:-1800}" nice -n 19 "${machine[@]}" </dev/null >>"$log" &
  pid=$!
  tail -n +1 -f --pid=$pid "$log" | stdbuf -oL tr -d '\r' &
  wait $pid || echo "$qemu ended with status $?" >&2
  wait || true
  if grep -q '== *[0-9]* s  ' "$log" || ! grep -q 'Kernel panic' "$log"; then break; fi
  echo "the machine's kernel died before it had started: once more" >&2
done
status=$(tr -d '\r' <"$log" | sed -n 's/.*BOX-DONE rc=\([0-9]*\).*/\1/p' | tail -1)
exit "${status:-98}"
