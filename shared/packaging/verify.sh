#!/usr/bin/env bash
# make test-packages: builds the packages twice, the second time from a copy of the source in another folder with an empty
# build cache, and compares; looks at what is in them; installs the .rpm, and runs the programs of the other architecture. Takes
# some minutes. Usage: verify.sh [ARCH…]   the architectures that are built twice (default: this machine's)
set -euo pipefail
cd "$(dirname "$0")/../.."
began=$SECONDS
own=$(go env GOHOSTARCH)
arches=("$@"); [ ${#arches[@]} -gt 0 ] || arches=("$own")
work=$(mktemp -d); trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
say() { echo "== $(printf %4d $((SECONDS - began))) s  $*"; }

say "building for amd64 and arm64"
bash shared/packaging/build.sh amd64 arm64 >"$work/log" 2>&1 || { tail "$work/log" >&2; exit 1; }
say "building for ${arches[*]} again, from a copy and without a cache"
mkdir "$work/copy"
git ls-files -co --exclude-standard -z | xargs -0 cp --parents -t "$work/copy"
commit=$(git rev-parse HEAD); git diff --quiet HEAD || commit+=-dirty
epoch=$(git log -1 --format=%ct)
version=$(basename dist/*_"$own".cdx.json | cut -d_ -f2)
mkdir -p "$work/copy/.cache"; cp -r .cache/sysroot-* "$work/copy/.cache/" 2>/dev/null || true
(cd "$work/copy" && GIT_DIR=/dev/null COMMIT=$commit SOURCE_DATE_EPOCH=$epoch VERSION=$version GOCACHE=$work/cache HOME=$work \
  GOPATH=$(go env GOPATH) bash shared/packaging/build.sh "${arches[@]}") >"$work/log" 2>&1 || { tail "$work/log" >&2; exit 1; }
[ -s "$work/copy/dist/SHA256SUMS" ]
grep -xFf "$work/copy/dist/SHA256SUMS" dist/SHA256SUMS | diff -u "$work/copy/dist/SHA256SUMS" - || { echo "two builds of one commit differ" >&2; exit 1; }
echo "two builds of ${arches[*]} are the same, byte for byte"

say "what is in them"
(cd dist && sha256sum --quiet -c SHA256SUMS)
for deb in dist/*.deb; do
  dpkg-deb -c "$deb" | awk '{print $1, $2, $6}' | grep -v /man1/reeve- >"$work/list"
  diff -u shared/packaging/testdata/deb.txt "$work/list" || { echo "$deb does not hold what shared/packaging/testdata/deb.txt lists" >&2; exit 1; }
  # The .rpm has the same files, but for where zsh looks for its completion.
  arch=$(basename "$deb" .deb); arch=${arch##*_}; case $arch in amd64) rpmarch=x86_64 ;; arm64) rpmarch=aarch64 ;; esac
  rpm -qpl --nosignature dist/*."$rpmarch".rpm | sort >"$work/rpm.list"
  dpkg-deb -c "$deb" | awk '{print $6}' | sed -e 's/^\.//' -e 's/vendor-completions/site-functions/' | grep -v '/$' >"$work/deb.list"; echo /etc/reeve >>"$work/deb.list"
  diff -u <(sort "$work/deb.list") "$work/rpm.list" || { echo "the .rpm for $arch has other files than the .deb" >&2; exit 1; }
  rpm -qp --nosignature --qf '%{NAME} %{LICENSE}\n' dist/*."$rpmarch".rpm | grep -qx 'reeve Apache-2.0'
  rpm -qp --nosignature -c dist/*."$rpmarch".rpm | sort | diff -u <(grep '/etc/.*[^/]$' "$work/deb.list" | grep -vx /etc/reeve | sort) -
  python3 -m json.tool "dist/reeve_${version}_$arch.cdx.json" >/dev/null
done

say "the .rpm is installed, upgraded and erased"
DIST=$work/next VERSION=$version.1 bash shared/packaging/build.sh "$own" >"$work/log" 2>&1 || { tail "$work/log" >&2; exit 1; }
bash shared/packaging/rpm.sh dist/*."$(uname -m)".rpm "$work/next"/*.rpm

say "the other architecture's programs run"
if [ "$own" = amd64 ]; then
  bash shared/packaging/arm64.sh dist/*_arm64.deb dist/*_amd64.deb
else
  echo "not on this machine: arm64 is its own"
fi
say "done"
echo "test-packages: passed in $((SECONDS - began)) s"
