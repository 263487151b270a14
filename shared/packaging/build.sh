#!/usr/bin/env bash
# Builds the packages: a .deb and an .rpm for each architecture, SHA256SUMS, and a list of what is inside (an SBOM in
# CycloneDX's form), all in dist/. Usage: build.sh [amd64] [arm64]   (default: both)
#
# The same commit makes the same bytes, wherever and whenever: times are those of the commit, paths are trimmed.
#   VERSION  version of the packages, instead of the one that the source and the commit give
#   DIST     where to put them, instead of dist/
set -euo pipefail
cd "$(dirname "$0")/../.."

arches=("$@"); [ ${#arches[@]} -gt 0 ] || arches=(amd64 arm64)
dist=$(realpath -m "${DIST:-dist}")
here=$PWD/shared/packaging
: "${GO:=go}"

if commit=$(git rev-parse HEAD 2>/dev/null); then
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
  git diff --quiet HEAD || commit+=-dirty
else # a source archive: whoever builds it says what it is
  commit=${COMMIT:?no git checkout; say which commit this source is of with COMMIT, and its time with SOURCE_DATE_EPOCH}
  : "${SOURCE_DATE_EPOCH:?no git checkout; give the time of the commit, in seconds since 1970}"
fi
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C
unset REEVE_MASTER # it would be shown as the default in the manual
umask 022
date=$(date -d "@$SOURCE_DATE_EPOCH" +%FT%TZ)

source_version=$(sed -n 's/^const Reeve = "\(.*\)"$/\1/p' shared/version/version.go)
if [ -z "${VERSION:-}" ]; then
  VERSION=$source_version
  # Only the commit that a release is tagged at has its version; every other sorts before it, in the order of time.
  [ "$(git tag --points-at HEAD 2>/dev/null | grep -cx "v$source_version")" = 1 ] ||
    VERSION+="~$(date -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S).${commit:0:8}"
fi
export VERSION

v=codeberg.org/reeve/reeve/shared/version
link="-s -w -buildid= -X $v.commit=$commit -X $v.date=$date"
flags=(-trimpath -buildvcs=false)

# compile ARCH DIR: the four programs.
compile() {
  local arch=$1 out=$2 cc=gcc sysroot pkgconfig=()
  for program in masterd agentd tui; do
    local name=${program/tui/reeve}
    GOOS=linux GOARCH=$arch CGO_ENABLED=0 "$GO" build "${flags[@]}" -ldflags "$link" -o "$out/$name" "./$program"
  done
  # The shim is C in part, and static. For another architecture it takes Debian's cross compiler, and libseccomp from a
  # folder that sysroot.sh fills.
  if [ "$arch" != "$("$GO" env GOHOSTARCH)" ]; then
    case $arch in arm64) cc=aarch64-linux-gnu-gcc ;; amd64) cc=x86_64-linux-gnu-gcc ;; esac
    sysroot=$(bash "$here/sysroot.sh" "$arch" .cache)
    pkgconfig=(PKG_CONFIG_SYSROOT_DIR="$sysroot" PKG_CONFIG_LIBDIR="$(echo "$sysroot"/usr/lib/*-linux-gnu/pkgconfig)")
  fi
  env "${pkgconfig[@]}" CC=$cc GOOS=linux GOARCH=$arch CGO_ENABLED=1 "$GO" build "${flags[@]}" -tags 'seccomp netgo osusergo' \
    -ldflags "$link -linkmode external -extldflags '-static -Wl,--build-id=none'" -o "$out/agentd-shim" ./agentd/shim
}

# stage DIR: everything but the programs, as nfpm.yaml names it.
stage() {
  local dir=$1
  cp -r "$here"/{etc,logrotate,systemd,scripts} "$dir/"
  mkdir -p "$dir/doc"
  cp shared/docs/changelog.md "$dir/doc/"
  cp "$here/copyright" "$dir/doc/"
  for program in tui masterd agentd; do "$GO" run "${flags[@]}" "./$program/cmd/manual" "$dir"; done
  gzip -9n "$dir"/man/*
}

nfpm=$(realpath -m .cache)/nfpm
(cd "$here/nfpm" && "$GO" build -o "$nfpm" github.com/goreleaser/nfpm/v2/cmd/nfpm)

rm -rf "$dist"; mkdir -p "$dist"
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
stage "$work"
for arch in "${arches[@]}"; do
  echo "building for $arch"
  rm -rf "$work/bin"; mkdir "$work/bin"
  compile "$arch" "$work/bin"
  "$GO" run ./shared/packaging/sbom -version "$VERSION" -arch "$arch" -seccomp "$(bash "$here/seccomp-version.sh" "$arch")" \
    "$work"/bin/* >"$dist/reeve_${VERSION}_$arch.cdx.json"
  find "$work" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  for format in deb rpm; do
    (cd "$work" && ARCH=$arch "$nfpm" package -f "$here/nfpm.yaml" -p "$format" -t "$dist/" >/dev/null)
  done
done
(cd "$dist" && sha256sum -- * >SHA256SUMS)
ls -l "$dist"
