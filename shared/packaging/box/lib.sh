# For the scripts that run in the virtual machine: steps, and what they check. A step that fails ends the script, with the
# logs of the daemons.
set -uo pipefail
began=$SECONDS

# The disk has no modules for User Mode Linux: they are the host's.
if [ -e /payload/run.sh ] && grep -q 'User Mode Linux' /proc/cpuinfo; then
  modules=/lib/modules/$(uname -r)
  mkdir -p "$modules" && mount -t hostfs none "$modules" -o "/usr/lib/uml/modules/$(uname -r)" || exit 1
fi

step() { echo "== $(printf %4d $((SECONDS - began))) s  $*"; }

fail() {
  echo "FAILED: $*"
  journalctl -q --no-pager -b -u masterd -u agentd -u reeve-ssh -u cloud-final -o cat | tail -40
  exit 1
}

# check WHAT COMMAND…: the command has to succeed.
check() {
  local what=$1 out; shift
  out=$("$@" 2>&1) || fail "$what: $* ended with status $?: $out"
}

# same WHAT WANT GOT
same() { [ "$2" = "$3" ] || fail "$1: got \"$3\", want \"$2\""; }

# await WHAT COMMAND…: the command has to succeed within ten minutes; the machine may be very slow.
await() {
  local what=$1 until=$((SECONDS + 600)); shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $until ] || fail "$what: not within ten minutes: $* says: $("$@" 2>&1 | tail -3)"
    sleep 1
  done
}

# written PAGE LINE…: the page of the documentation has this line; then it is run as it stands there.
written() {
  local page=/payload/docs/$1; shift
  grep -qF -- "$*" "$page" || fail "$(basename "$page") does not say: $*"
  bash -c "$*"
}

# block PAGE PATTERN: prints the lines of the page's block of code that has a line with the pattern.
block() {
  awk -v pattern="$2" '
    /^    / { text = text substr($0, 5) "\n"; if ($0 ~ pattern) found = 1; next }
    /^$/ && text != "" { text = text "\n"; next }
    { if (found) exit; text = "" }
    END { if (found) printf "%s", text }' "/payload/docs/$1"
}
