#!/usr/bin/env bash
# make test-vm: the tests of agentd's packages, as root on a machine with cgroup v2 alone, which build machines often don't
# have. They are compiled here and run in the virtual machine of image.sh. The log is .cache/box/log/vm.log.
# Usage: test-vm.sh [-run PATTERN] [PACKAGE…]   (default: all of agentd)
set -euo pipefail
cd "$(dirname "$0")/../../.."
began=$SECONDS
box=shared/packaging/box
run=.
if [ "${1:-}" = -run ]; then run=$2; shift 2; fi
packages=("$@"); [ ${#packages[@]} -gt 0 ] || packages=(./agentd/...)

logs=.cache/box/log; mkdir -p "$logs"
image=$(bash $box/image.sh .cache/box)
payload=$(mktemp -d); trap 'rm -rf "$payload"' EXIT
make -s bin/agentd-shim bin/agentd
cp bin/agentd-shim bin/agentd "$payload/"
root=$(go list -m -f '{{.Dir}}')
for dir in $(go list -tags seccomp -f '{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}}{{end}}' "${packages[@]}"); do
  to=$payload/tree/${dir#"$root"/}; mkdir -p "$to"
  CGO_ENABLED=1 go test -c -trimpath -tags seccomp -ldflags '-s -w' -o "$to/package.test" "$dir"
  [ ! -d "$dir/testdata" ] || cp -r "$dir/testdata" "$to/"
done
cp $box/lib.sh "$payload/"
{ echo "pattern='$run'"; cat $box/containers.sh; } >"$payload/run.sh"

status=0
BOX_MEMORY=3072 BOX_TIMEOUT=${BOX_TIMEOUT:-3600} bash $box/boot.sh "$image" "$payload" "$logs/vm.log" || status=$?
result=passed; [ $status -eq 0 ] || result="FAILED (status $status)"
echo "test-vm: $result in $((SECONDS - began)) s; the log is $logs/vm.log"
exit $status
