# Part of operations.sh: the console over SSH, as install.md says to set it up, with ssh as operators have it.

# screen NAME: what the terminal of an operator shows.
screen() { tmux capture-pane -p -t "$1"; }
shows() { screen "$1" | grep -q "$2"; }

# sit NAME: the operator comes in, at a terminal of 100x30.
sit() {
  check "a terminal for $1" tmux new-session -d -s "$1" -x 100 -y 30 \
    "ssh -p 5022 -i /root/$1 -o IdentitiesOnly=yes -o StrictHostKeyChecking=accept-new 127.0.0.1; echo ended with status \$?; sleep 600"
}

step "the console over SSH"
for who in alice bob eve; do check "a key" ssh-keygen -q -t ed25519 -N "" -f "$who"; done
block install.md 'principal="alice"' >setup
check "the commands of install.md" bash -e setup
grep -q 'enable --now reeve-ssh' setup || fail "install.md's block does not start the unit"
same "reeve-ssh" active "$(systemctl is-active reeve-ssh)"
same "user of reeve-ssh" reeve-ssh "$(ps -o user:32= -p "$(main_pid reeve-ssh)" | tr -d ' ')"
systemctl show -P StatusText reeve-ssh | grep -q '^serves the console on ' || fail "status of reeve-ssh: $(systemctl show -P StatusText reeve-ssh)"

sit alice
await "alice's console" shows alice RW
sit bob
await "bob's console" shows bob RO
sit eve
await "eve is refused" shows eve 'Permission denied (publickey)'
check "keys" tmux send-keys -t bob 3
await "bob sees the task" shows bob beat
check "keys" tmux send-keys -t bob C-k
await "bob may not kill it" shows bob read-only
screen bob
check "the task's process" kill -0 "$task"
same "user of a console" reeve-ssh "$(ps -o user:32= -C reeve | tr -d ' ' | sort -u)"
opened() { reeve events -o json | python3 -c 'import json,sys; sys.exit(not any(e["kind"] == "CONSOLE_OPENED" and e.get("who") == sys.argv[1] for e in json.load(sys.stdin)))' "$1"; }
for who in alice bob; do await "an event of $who's visit" opened $who; done

check "keys" tmux send-keys -t alice 3
await "alice sees the task" shows alice beat
check "keys" tmux send-keys -t alice C-k
await "alice is asked" shows alice 'Cancel'
screen alice
check "keys" tmux send-keys -t alice Tab
check "keys" tmux send-keys -t alice Enter
killed() { ! kill -0 "$task"; }
await "alice kills the task" killed
check "restart" systemctl restart reeve-ssh
await "a session ends with the unit" shows alice 'ended with status'
await "the service is back" sh -c "systemctl is-active reeve-ssh"
check "tmux" tmux kill-server
