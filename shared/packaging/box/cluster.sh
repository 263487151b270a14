# For the scripts that run in the virtual machine, once there is a cluster of one machine. It also makes installs quicker where the CPU
# is emulated: no index of all manuals is made anew at each, and dpkg does not wait for the disk.
rm -f /var/lib/man-db/auto-update
echo force-unsafe-io >/etc/dpkg/dpkg.cfg.d/box

# task_pid prints the task's first process, if it has any; a fork of its shell looks the same, but is younger.
task_pid() { pgrep -f '>>bea[t]; sleep' | sort -n | head -1; }

version_of() { dpkg-query -W -f '${Version}' reeve; }
main_pid() { systemctl show -P MainPID "$1"; }
agents() { [ "$(reeve agents -o name | wc -l)" -eq "$1" ]; }
task_state() { reeve tasks -o wide | grep -q "$1.*$2"; }
beats() { wc -l <"$(ls /var/lib/reeve/agent/slaves/*/frameworks/*/executors/*/runs/latest/beat)"; }
beats_on() { local n; n=$(beats); sleep 3; [ "$(beats)" -gt "$n" ]; }

# recovered PID: the agentd with this pid says that it took up one container.
recovered() { journalctl -q -b "_PID=$1" -o cat | grep '"msg":"recovered"' | grep -q '"count":1'; }
