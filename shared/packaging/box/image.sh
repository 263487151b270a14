#!/usr/bin/env bash
# Builds the disk that the virtual machines of the tests boot: a minimal Debian with systemd and cgroup v2, and a unit that
# runs /run.sh of a second disk and powers off. Usage: image.sh DIR. It leaves disk.img (ext4, sparse), vmlinuz and initrd
# in DIR/<what this file says>/ and prints that path; a disk that is there already is used again. Needs root (debootstrap).
set -euo pipefail

suite=${BOX_SUITE:-trixie}
mirror=${BOX_MIRROR:-} # empty: what debootstrap takes by itself
packages="systemd-sysv udev dbus linux-image-cloud-amd64 initramfs-tools zstd iproute2 iptables procps kmod ca-certificates curl sudo
  logrotate man-db bash-completion cloud-init openssh-server containernetworking-plugins python3 busybox-static e2fsprogs less netbase
  rsync tmux systemd-container"

key=$suite-$(sha256sum "$0" | cut -c1-12)
out=$1/$key
if [ -e "$out/done" ]; then echo "$out"; exit 0; fi
[ "$(id -u)" -eq 0 ] || { echo "the disk for virtual machines is made by debootstrap, which needs root; run this once as root" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "debootstrap is missing; apt-get install debootstrap" >&2; exit 1; }

rm -rf "$out"; mkdir -p "$out"
root=$out/root
trap 'rm -rf "$root"' EXIT
echo "making a Debian $suite disk for virtual machines (a few minutes, once)" >&2
logged() { "$@" >>"$out/debootstrap.log" 2>&1 || { tail -20 "$out/debootstrap.log" >&2; echo "failed: $*" >&2; exit 1; }; }
logged debootstrap --variant=minbase "$suite" "$root" ${mirror:+"$mirror"}

in_root() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"; }

mount -t proc proc "$root/proc"
trap 'umount "$root/proc" 2>/dev/null || true; rm -rf "$root"' EXIT
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"; chmod 755 "$root/usr/sbin/policy-rc.d" # no daemon starts here
# Only what this kind of machine has: a small initramfs starts sooner where the CPU is emulated.
mkdir -p "$root/etc/initramfs-tools/conf.d"; echo MODULES=list >"$root/etc/initramfs-tools/conf.d/box"
logged in_root apt-get update -qq
# shellcheck disable=SC2086 # a list of words
logged in_root apt-get install -y -qq --no-install-recommends $packages
rm "$root/usr/sbin/policy-rc.d"

echo box >"$root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 box\n' >"$root/etc/hosts"
printf 'PRETTY_HOSTNAME=box\n' >"$root/etc/machine-info"
: >"$root/etc/machine-id"
cat >"$root/etc/systemd/network/90-wired.network" <<'EOF'
[Match]
Name=en* eth*
[Network]
DHCP=ipv4
EOF
# The user that Vagrant logs in as; test-vagrant.sh adds its key.
in_root useradd -m -s /bin/bash vagrant
install -d -m 700 -o 1000 -g 1000 "$root/home/vagrant/.ssh"
echo 'vagrant ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/vagrant"; chmod 440 "$root/etc/sudoers.d/vagrant"
rm -f "$root/etc/resolv.conf"; echo 'nameserver 10.0.2.3' >"$root/etc/resolv.conf"

printf '%s\n' virtio_pci virtio_blk ext4 >>"$root/etc/initramfs-tools/modules"
logged in_root update-initramfs -u

cat >"$root/usr/local/sbin/box-run" <<'EOF'
#!/bin/bash
# Runs /run.sh of the disk with the label "payload"; the serial console gets what it prints and then its exit status.
mkdir -p /payload
mount -o ro LABEL=payload /payload || { echo "BOX-DONE rc=97"; systemctl poweroff --no-block; exit; }
bash /payload/run.sh 2>&1
echo "BOX-DONE rc=$?"
sync
systemctl poweroff --no-block
EOF
chmod 755 "$root/usr/local/sbin/box-run"
cat >"$root/etc/systemd/system/box-run.service" <<'EOF'
[Unit]
Description=Run the payload of a test
ConditionPathExists=/dev/disk/by-label/payload
After=multi-user.target network-online.target cloud-final.service
Wants=network-online.target
[Service]
Type=exec
ExecStart=/usr/local/sbin/box-run
Environment=HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
TimeoutStopSec=5
[Install]
WantedBy=multi-user.target
EOF
in_root systemctl enable -q systemd-networkd box-run.service
in_root systemctl mask -q serial-getty@ttyS0.service getty@tty1.service apt-daily.timer apt-daily-upgrade.timer man-db.timer \
  e2scrub_all.timer fstrim.timer dpkg-db-backup.timer logrotate.timer systemd-networkd-wait-online.service
in_root apt-get clean; rm -rf "$root"/var/lib/apt/lists/*

umount "$root/proc"
cp "$root"/boot/vmlinuz-* "$out/vmlinuz"; cp "$root"/boot/initrd.img-* "$out/initrd"
truncate -s 8G "$out/disk.img"
mkfs.ext4 -q -F -L box -E lazy_itable_init=1 -d "$root" "$out/disk.img"
touch "$out/done"
echo "$out"
