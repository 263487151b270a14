#!/usr/bin/env bash
# Fills a folder with what agentd-shim needs of another architecture: the headers and the static library of libseccomp, from
# Debian's package of it. Usage: sysroot.sh ARCH CACHE. Prints the folder. Nothing is installed: apt works in the folder, with
# this machine's sources and keys, so no foreign architecture has to be added to this machine.
set -euo pipefail
arch=$1; cache=$(realpath -m "$2")
root=$cache/sysroot-$arch
if [ -e "$root/done" ]; then echo "$root"; exit 0; fi
command -v apt-get >/dev/null || { echo "libseccomp of $arch is taken from Debian's packages, and this machine has no apt-get" >&2; exit 1; }
rm -rf "$root"; mkdir -p "$root/apt/lists/partial" "$root/apt/cache/archives/partial"
: >"$root/apt/status"
options=(-o Dir::State="$root/apt" -o Dir::State::status="$root/apt/status" -o Dir::Cache="$root/apt/cache"
  -o APT::Architecture="$arch" -o APT::Architectures="$arch" -o APT::Sandbox::User=root -o Acquire::Languages=none)
apt-get "${options[@]}" update -qq >&2
(cd "$root" && apt-get "${options[@]}" download -qq libseccomp-dev >&2)
dpkg-deb -x "$root"/libseccomp-dev_*.deb "$root"
dpkg-deb -f "$root"/libseccomp-dev_*.deb Version >"$root/libseccomp.version"
rm -rf "$root/apt" "$root"/*.deb
touch "$root/done"
echo "$root"
