# Part of operations.sh: the commands of when-things-break.md for one machine, as they stand there, each in the state that it is for.

page=when-things-break.md
answers() { [ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:5050/$1")" = "$2" ]; }
leads() { reeve masters | grep -q leading; }

# says WHAT COMMAND PATTERN: the command, which the page has, prints the pattern; its status does not matter.
says() { local out; out=$(written $page "$2" 2>&1); grep -q -- "$3" <<<"$out" || fail "$1: $2 says: $(tail -5 <<<"$out")"; }
again() { local now; now=$(task_pid); [ -n "$now" ] && [ "$now" != "$task" ] && task_state beat running; }

step "when things break: look first"
await "the job starts its task again" again
task=$(task_pid)
says "a leader" "reeve masters" leading
says "an agent" "reeve agents -o wide" active
says "events" "reeve events | tail" TASK_
says "the journal" "journalctl -u masterd -u agentd --since -10min" 'agentd\[[0-9]*\]: {'
says "agentd" "systemctl status agentd" 'active (running)'
says "the journal of agentd" "journalctl -u agentd -n 50" 'agentd\[[0-9]*\]: {'

step "when things break: no master answers"
check "stop" written $page "systemctl stop masterd"
says "masterd" "systemctl status masterd" 'inactive (dead)'
if out=$(reeve masters 2>&1); then fail "reeve masters answered: $out"; fi
grep -q 'no master can be reached at' <<<"$out" || fail "without a master reeve says: $out"
check "the task's process" kill -0 "$task"
check "start" written $page "systemctl start masterd"
await "the master leads" leads
same "health" 200 "$(curl -s http://127.0.0.1:5050/health -o /dev/null -w '%{http_code}')"
await "ready" answers ready 200
await "an agent in the cluster" agents 1
await "the task is known" task_state beat running
same "process of the task" "$task" "$(task_pid)"

step "when things break: the agent's journal is damaged"
check "stop of agentd" systemctl stop agentd
check "the task's process" kill -0 "$task"
printf 'damaged' | dd of=/var/lib/reeve/agent/meta/journal bs=1 seek=40 conv=notrunc status=none
systemctl start agentd && fail "agentd started with a damaged journal"
says "the journal is damaged" "journalctl -u agentd -n 50" 'is damaged at byte'
check "stop of agentd" systemctl stop agentd
check "clean" written $page "agentd clean --work-dir /var/lib/reeve/agent"
if kill -0 "$task" 2>/dev/null; then fail "the task outlives agentd clean"; fi
check "the journal goes" written $page "rm /var/lib/reeve/agent/meta/journal"
check "start" written $page "systemctl start agentd"
await "an agent in the cluster" agents 1
await "the job starts its task again" again
