#!/usr/bin/env bash
# make test-vm: the tests of containers, as root on a machine with cgroup v2 alone, which build machines often don't have.
# They are compiled here and run in the virtual machine of image.sh; shared/docs/containers.md says more.
# Usage: test-vm.sh [PACKAGE…], such as agentd/shimclient; without one, all that have to do with the kernel, and of shared/e2e
# what is about containers.
#   RUN          only tests that match, as for go test -run
#   BOX_UML=yes  run them in User Mode Linux instead of qemu: one CPU and another kernel, and several times as fast
#   BOX_SLOW     how many times as long as usual tests wait for something (10)
#   BOX_LIMIT    minutes that the tests of one package get (150)    BOX_TIMEOUT  seconds that everything gets (3 hours)
# The log of the machine is .cache/box/log/vm.log, that of each package .cache/box/log/vm/<package>.log.
set -euo pipefail
cd "$(dirname "$0")/../../.."
began=$SECONDS
box=shared/packaging/box

# What meets the kernel; what takes long begins first.
kernel=(shared/e2e agentd/shimclient agentd/cgroupfs agentd/shim agentd/strays shared/procstate agentd/containerspec agentd/hostguard agentd/hostinfo agentd/sandbox agentd/checkpoint
  agentd/diskwatch agentd/tasklog agentd/usage agentd/network agentd/prober agentd/gc agentd/supervisor agentd/runtime/fake
  agentd/image agentd/image/layer agentd/image/source agentd/image/store agentd/fetcher agentd/httpapi agentd/executorapi
  agentd/daemon)
packages=("$@"); [ ${#packages[@]} -gt 0 ] || packages=("${kernel[@]}")

logs=.cache/box/log; rm -rf "$logs/vm" "$logs"/tests*; mkdir -p "$logs/vm"
say() { echo "test-vm: $(printf %4d $((SECONDS - began))) s  $*"; }
image=$(bash $box/image.sh .cache/box)

# Links to what is built, so that only what has changed is built again.
tests=.cache/box/tests payload=.cache/box/payload
rm -rf "$payload"; mkdir -p "$tests" "$payload/bin"
trap 'rm -rf "$payload"' EXIT
make -s build
ln bin/masterd bin/agentd bin/agentd-shim bin/reeve bin/localcluster "$payload/bin/"
for package in "${packages[@]}"; do
  package=${package#./} cgo=0 link='-s -w'
  [ "$package" != agentd/shim ] || { cgo=1 link='-s -w -linkmode external -extldflags -static'; }
  to=$payload/tree/$package built=$tests/${package//\//_}.test
  mkdir -p "$to"
  CGO_ENABLED=$cgo go test -c -trimpath -tags 'seccomp netgo osusergo' -ldflags "$link" -o "$built" "./$package"
  ln "$built" "$to/package.test"
  [ ! -d "$package/testdata" ] || cp -r "$package/testdata" "$to/"
  if [ "$package" = shared/e2e ]; then # it runs an executor of theirs
    mkdir -p "$payload/tree/shared/conformance"; cp -r shared/conformance/testdata "$payload/tree/shared/conformance/"
  fi
  echo "$package" >>"$payload/packages"
done
cp $box/lib.sh "$payload/"
cp $box/containers.sh "$payload/run.sh"
lanes=2 devices='' share='' # two packages at a time; the log of each lane comes by a port of its own, or a file of the host
for number in $(seq $lanes); do
  : >"$logs/tests$number"
  devices+=" -chardev file,id=tests$number,path=$logs/tests$number -device virtserialport,chardev=tests$number,name=tests$number"
done
[ "${BOX_UML:-no}" != yes ] || share=$(realpath "$logs")
printf 'pattern=%q\nslow=%q\nlimit=%q\nlanes=%q\nshare=%q\n' "${RUN:-}" "${BOX_SLOW:-10}" "${BOX_LIMIT:-150}" $lanes "$share" >"$payload/settings"
say "built ${#packages[@]} packages; starting the machine"

# The kernel's defences cost an emulated CPU much, and its watchdogs mistake a busy host for a broken one.
status=0
BOX_MEMORY=${BOX_MEMORY:-4096} BOX_TIMEOUT=${BOX_TIMEOUT:-10800} \
  BOX_QEMU="-nic user,model=virtio-net-pci -device virtio-serial-pci $devices" \
  bash $box/boot.sh "$image" "$payload" "$logs/vm.log" \
  cloud-init=disabled mitigations=off init_on_alloc=0 tsc=reliable nowatchdog rcupdate.rcu_expedited=1 rcupdate.rcu_cpu_stall_suppress=1 || status=$?
for number in $(seq $lanes); do
  awk -v dir="$logs/vm/" '/^@@ /{ if (file) close(file); gsub("/", "_", $2); file = dir $2 ".log"; next } file { print > file }' "$logs/tests$number"
done
result=passed; [ $status -eq 0 ] || result="FAILED (status $status)"
say "$result; the logs are $logs/vm.log and $logs/vm/"
exit $status
