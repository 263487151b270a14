#!/usr/bin/env bash
# Makes the package in two versions for a test of upgrades: DIR/new.deb is what build.sh makes, DIR/old.deb the same with a lower
# version. Usage: versions.sh DIR LOG
#   BOX_DEBS  a folder that has both already
set -euo pipefail
cd "$(dirname "$0")/../../.."
dir=$(realpath "$1") log=$2
if [ -n "${BOX_DEBS:-}" ]; then cp "$BOX_DEBS"/{old,new}.deb "$dir/"; exit; fi
echo "building the package, and the same as an older version"
DIST=$dir/dist VERSION=0.1.0~test2 bash shared/packaging/build.sh "$(go env GOHOSTARCH)" >"$log" 2>&1 || { tail "$log" >&2; exit 1; }
mv "$dir/dist"/*.deb "$dir/new.deb"
dpkg-deb -R "$dir/new.deb" "$dir/tree"
sed -i 's/^Version: .*/Version: 0.1.0~test1-1/' "$dir/tree/DEBIAN/control"
dpkg-deb --root-owner-group -Zzstd -z1 -b "$dir/tree" "$dir/old.deb" >>"$log"
rm -r "$dir/tree" "$dir/dist"
