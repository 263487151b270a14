#!/usr/bin/env bash
# Checks for what the build needs beyond Go: a C compiler and libseccomp's headers and static library, for agentd-shim.
# With "test" also for what tests use: Python, in which a scheduler and an executor are written, tmux, in which consoles run, ssh, which they go through, a static busybox, ip, and the
# plugins that make networks of containers. With "packages" also for the compiler that agentd-shim is built with for the
# other architecture, and with "test-packages" for what tries them. With "vm" for virtual machines: qemu, debootstrap and what makes their disks; with "vagrant" also
# Vagrant and libvirt.
# Installs what is missing where it may (root, or sudo without a password, on Debian and Ubuntu); otherwise says exactly
# what to install, and fails.
set -euo pipefail

missing=()
command -v gcc >/dev/null || missing+=(gcc libc6-dev)
if command -v gcc >/dev/null; then
  probe() { printf '%s\n' "$1" | gcc -x c -o /dev/null - "${@:2}" 2>/dev/null; }
  probe 'int main(void){return 0;}' -static || missing+=(libc6-dev)
  probe '#include <seccomp.h>
int main(void){return seccomp_api_get()==99;}' -static -lseccomp || missing+=(libseccomp-dev)
else
  missing+=(libseccomp-dev)
fi
if [ "${1:-}" = test ]; then
  [ -x /usr/bin/python3 ] || missing+=(python3)
  [ -x /usr/lib/cni/bridge ] || missing+=(containernetworking-plugins)
  command -v iptables >/dev/null || missing+=(iptables)
  command -v ip >/dev/null || missing+=(iproute2)
  command -v tmux >/dev/null || missing+=(tmux)
  command -v ssh >/dev/null || missing+=(openssh-client)
  # What images of tests have in them; one that needs libraries would not run there.
  if ! command -v busybox >/dev/null || ldd "$(command -v busybox)" >/dev/null 2>&1; then missing+=(busybox-static); fi
fi
if [ "${1:-}" = test-packages ]; then
  bash "$0" packages
  command -v rpm >/dev/null || missing+=(rpm)
  command -v qemu-aarch64-static >/dev/null || command -v qemu-aarch64 >/dev/null || missing+=(qemu-user-static)
  command -v ip >/dev/null || missing+=(iproute2)
  command -v curl >/dev/null || missing+=(curl)
  command -v python3 >/dev/null || missing+=(python3)
fi
if [ "${1:-}" = packages ]; then
  case $(uname -m) in
  aarch64) cross=(x86_64-linux-gnu-gcc gcc-x86-64-linux-gnu libc6-dev-amd64-cross) ;;
  *) cross=(aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross) ;;
  esac
  command -v "${cross[0]}" >/dev/null || missing+=("${cross[@]:1}")
fi
if [ "${1:-}" = vm ]; then
  if [ "${BOX_UML:-no}" = yes ]; then
    command -v linux.uml >/dev/null || missing+=(user-mode-linux)
  else
    command -v qemu-system-x86_64 >/dev/null || missing+=(qemu-system-x86)
  fi
  [ -x /usr/sbin/debootstrap ] || missing+=(debootstrap)
  [ -x /usr/sbin/mkfs.ext4 ] || missing+=(e2fsprogs)
  command -v xorriso >/dev/null || missing+=(xorriso)
fi
if [ "${1:-}" = vagrant ]; then
  bash "$0" vm
  command -v vagrant >/dev/null || missing+=(vagrant)
  [ -e /usr/share/rubygems-integration/all/specifications/vagrant-libvirt*.gemspec ] || missing+=(vagrant-libvirt)
  [ -x /usr/sbin/libvirtd ] || missing+=(libvirt-daemon-system)
  command -v virsh >/dev/null || missing+=(libvirt-clients)
  command -v dnsmasq >/dev/null || missing+=(dnsmasq-base)
  command -v qemu-img >/dev/null || missing+=(qemu-utils)
  command -v iptables >/dev/null || missing+=(iptables)
  command -v ip >/dev/null || missing+=(iproute2)
  command -v ssh >/dev/null || missing+=(openssh-client)
  command -v tmux >/dev/null || missing+=(tmux)
fi
[ ${#missing[@]} -eq 0 ] && exit 0

command="apt-get install -y ${missing[*]}"
if command -v apt-get >/dev/null; then
  if [ "$(id -u)" -eq 0 ]; then sudo=""; elif sudo -n true 2>/dev/null; then sudo="sudo"; else sudo="none"; fi
  if [ "$sudo" != none ]; then
    echo "installing what the build needs: ${missing[*]}"
    $sudo apt-get update -qq
    options=(-qq); [ "${1:-}" != vagrant ] || options+=(--no-install-recommends) # what it recommends is servers and tools for disks
    $sudo env DEBIAN_FRONTEND=noninteractive $command "${options[@]}" >/dev/null
    exit 0
  fi
  echo "the build needs ${missing[*]}; install them with: sudo $command" >&2
else
  echo "the build needs a C compiler and the headers and static library of libseccomp (Debian: ${missing[*]})" >&2
fi
exit 1
