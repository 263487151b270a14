# Part of operations.sh: the commands of when-things-break.md for one machine, as they stand there, each in the state that it is for.

page=when-things-break.md
answers() { [ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:5050/$1")" = "$2" ]; }
leads() { reeve masters | grep -q leading; }

again() { local now; now=$(task_pid); [ -n "$now" ] && [ "$now" != "$task" ] && task_state beat running; }

step "when things break: look first"
await "the job starts its task again" again
task=$(task_pid)
written $page "reeve masters" | grep -q leading || fail "no leader in reeve masters"
written $page "reeve agents -o wide" | grep -q active || fail "no agent in reeve agents"
written $page "reeve events | tail" | grep -q . || fail "no events"
written $page "journalctl -u masterd -u agentd --since -10min" | grep -q recovered || fail "the journal does not have what agentd said"
written $page "systemctl status agentd" | grep -q 'active (running)' || fail "systemctl status agentd"
written $page "journalctl -u agentd -n 50" | grep -q . || fail "nothing in the journal of agentd"

step "when things break: no master answers"
check "stop" written $page "systemctl stop masterd"
written $page "systemctl status masterd" | grep -q 'inactive (dead)' || fail "systemctl status masterd"
if out=$(reeve masters 2>&1); then fail "reeve masters answered: $out"; fi
echo "$out" | grep -q 'no master can be reached at' || fail "without a master reeve says: $out"
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
written $page "journalctl -u agentd -n 50" | grep -q 'is damaged at byte' || fail "agentd does not say that its journal is damaged: $(journalctl -q -u agentd -n 5 -o cat)"
check "stop of agentd" systemctl stop agentd
check "clean" written $page "agentd clean --work-dir /var/lib/reeve/agent"
if kill -0 "$task" 2>/dev/null; then fail "the task outlives agentd clean"; fi
check "the journal goes" written $page "rm /var/lib/reeve/agent/meta/journal"
check "start" written $page "systemctl start agentd"
await "an agent in the cluster" agents 1
await "the job starts its task again" again
