#!/usr/bin/env bash
# make test-packages: builds the packages twice, the second time from a copy of the source in another folder with an empty
# build cache, and compares; then looks at what is in them. Takes some minutes. Usage: verify.sh [ARCH…]   (default: this machine's)
set -euo pipefail
cd "$(dirname "$0")/../.."
began=$SECONDS
arches=("$@"); [ ${#arches[@]} -gt 0 ] || arches=("$(go env GOHOSTARCH)")
work=$(mktemp -d); trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

bash shared/packaging/build.sh "${arches[@]}" >"$work/log" 2>&1 || { tail "$work/log" >&2; exit 1; }
mkdir "$work/copy"
git ls-files -co --exclude-standard -z | xargs -0 cp --parents -t "$work/copy"
commit=$(git rev-parse HEAD); git diff --quiet HEAD || commit+=-dirty
version=$(basename dist/*_"${arches[0]}".cdx.json | cut -d_ -f2)
mkdir -p "$work/copy/.cache"; cp -r .cache/sysroot-* "$work/copy/.cache/" 2>/dev/null || true
(cd "$work/copy" && GIT_DIR=/dev/null COMMIT=$commit SOURCE_DATE_EPOCH=$(git -C "$OLDPWD" log -1 --format=%ct) VERSION=$version GOCACHE=$work/cache HOME=$work \
  GOPATH=$(go env GOPATH) bash shared/packaging/build.sh "${arches[@]}") >"$work/log" 2>&1 || { tail "$work/log" >&2; exit 1; }
diff -u dist/SHA256SUMS "$work/copy/dist/SHA256SUMS" || { echo "two builds of one commit differ" >&2; exit 1; }
echo "two builds of ${arches[*]} are the same, byte for byte"

(cd dist && sha256sum --quiet -c SHA256SUMS)
for deb in dist/*.deb; do
  dpkg-deb -c "$deb" | awk '{print $1, $2, $6}' | grep -v /man1/reeve- >"$work/list"
  diff -u shared/packaging/testdata/deb.txt "$work/list" || { echo "$deb does not hold what shared/packaging/testdata/deb.txt lists" >&2; exit 1; }
done
if command -v rpm >/dev/null; then
  for rpm in dist/*.rpm; do
    rpm -qp --nosignature --qf '%{NAME} %{LICENSE}\n' "$rpm" | grep -qx 'reeve Apache-2.0'
    rpm -qp --nosignature -c "$rpm" | grep -qx /etc/reeve/agentd.yaml
    rpm -qp --nosignature --scripts "$rpm" | grep -q 'agentd clean'
  done
fi
for arch in "${arches[@]}"; do python3 -m json.tool "dist/reeve_${version}_$arch.cdx.json" >/dev/null; done
echo "test-packages: passed in $((SECONDS - began)) s"
