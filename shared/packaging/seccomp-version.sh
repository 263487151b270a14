#!/usr/bin/env bash
# Prints the version of the libseccomp that agentd-shim of an architecture is linked with. Usage: seccomp-version.sh ARCH
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ "$1" != "$(go env GOHOSTARCH)" ]; then cat ".cache/sysroot-$1/libseccomp.version"; exit; fi
dpkg-query -W -f '${Version}\n' libseccomp-dev 2>/dev/null || pkg-config --modversion libseccomp
