package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/procstate"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// desk is a tmux server of its own, in which consoles run as an operator runs them: a real terminal with all its quirks.
type desk struct {
	r      *rig
	socket string
	reach  string // how consoles reach the cluster
}

func (r *rig) desk() *desk {
	r.t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		r.t.Fatal("tmux is missing; make test installs it")
	}
	d := &desk{r, filepath.Join(r.t.TempDir(), "tmux"), "--master=" + r.MasterList()}
	d.do("new-session", "-d", "-s", "main", "-x", "80", "-y", "24", "sleep 100000")
	d.do("set", "-g", "status", "off")
	r.t.Cleanup(d.close)
	return d
}

// close ends the server and waits for the consoles in it: each keeps its session when its terminal goes, in a directory that is
// removed next.
func (d *desk) close() {
	var inside []int
	for text := range strings.FieldsSeq(d.do("list-panes", "-a", "-F", "#{pane_pid}")) {
		pane, err := strconv.Atoi(text)
		if err != nil {
			d.r.t.Fatal(err)
		}
		below, err := procstate.Below(pane)
		if err != nil {
			d.r.t.Fatal(err)
		}
		inside = append(inside, below...)
	}
	d.do("kill-server")
	deadline := time.Now().Add(time.Minute)
	for slices.ContainsFunc(inside, runs) && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond) // a poll with a deadline
	}
}

// runs says whether there is such a process, and whether it has not ended yet.
func runs(pid int) bool {
	p, err := procstate.Read(pid)
	return err == nil && p.State != "Z"
}

func (d *desk) do(args ...string) string {
	d.r.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", d.socket, "-f", "/dev/null"}, args...)...).CombinedOutput()
	if err != nil {
		d.r.t.Fatalf("tmux %v: %v: %s", args, err, out)
	}
	return string(out)
}

// open runs a console in a window of its own.
func (d *desk) open(window string, args ...string) {
	d.r.t.Helper()
	command := fmt.Sprintf("env LANG=C.UTF-8 REEVE_CONFIG=/dev/null XDG_STATE_HOME=%s %s %s %s; echo exit status $?; sleep 100000",
		d.r.t.TempDir(), filepath.Join(d.r.bin, "reeve"), d.reach, strings.Join(args, " "))
	d.do("new-window", "-d", "-n", window, command)
	d.do("resize-window", "-t", window, "-x", "80", "-y", "24")
	d.see(window, "● live")
}

func (d *desk) press(window string, keys ...string) {
	d.r.t.Helper()
	for _, k := range keys {
		if text, ok := strings.CutPrefix(k, "text:"); ok {
			d.do("send-keys", "-t", window, "-l", text)
		} else {
			d.do("send-keys", "-t", window, k)
		}
	}
}

func (d *desk) screen(window string) string { return d.do("capture-pane", "-p", "-t", window) }

// see waits until a window shows all of the words.
func (d *desk) see(window string, words ...string) {
	d.r.t.Helper()
	ctx, cancel := context.WithTimeout(d.r.t.Context(), patience)
	defer cancel()
	err := d.r.Poll(ctx, func(context.Context) (bool, string) {
		text := d.screen(window)
		for _, w := range words {
			if !strings.Contains(text, w) {
				return false, w + " in window " + window + ", which is\n" + text
			}
		}
		return true, ""
	})
	if err != nil {
		d.r.t.Fatal(err)
	}
}

// TestAnOperatorsDay is the console in a real terminal against a real cluster: submit, follow, log, shell, copy, resize, kill,
// and the leader killed while each screen is open.
func TestAnOperatorsDay(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r := start(t, 3, 1)
	d := r.desk()
	d.open("work")

	d.press("work", "n")
	d.see("work", "Name")
	d.press("work", "text:day", "Tab", "Tab", "text:echo hello; sleep 1000", "C-x")
	d.see("work", "Submit job day", "Cancel")
	d.press("work", "Tab", "Enter")
	d.see("work", "day", "RUNNING")
	d.press("work", "Enter")
	d.see("work", "STAGING", "RUNNING")
	d.press("work", "c")
	d.see("work", "copied")
	tasks := r.await("the task", func(tasks []reeveapi.Task) bool { return len(tasks) == 1 })
	if got := d.do("show-buffer"); got != tasks[0].ID {
		t.Errorf("the clipboard has %q, want %q", got, tasks[0].ID)
	}
	d.press("work", "l")
	d.see("work", "FOLLOW", "hello")
	d.press("work", "Escape")
	d.see("work", "STAGING")

	d.press("work", "s")
	d.see("work", "ctrl+] menu")
	d.press("work", "text:echo in-$((40+2))", "Enter")
	d.see("work", "in-42")
	d.press("work", "text:exit 3", "Enter")
	d.see("work", "shell in", "exit 3")

	d.press("work", "a")
	d.see("work", "program", "/bin/", "as the task", "write a transcript")
	for range 20 { // to the last line
		d.press("work", "Down")
	}
	d.press("work", "Space")
	d.see("work", "▶ record", "[x]")
	d.press("work", "Enter")
	d.see("work", "recorded", "ctrl+] menu")
	d.press("work", "text:echo kept-$((40+2)); exit", "Enter")
	d.see("work", "what was seen", "exit 0", "Copy its path")
	d.press("work", "Tab", "Enter")
	d.see("work", "path copied")
	transcript, err := os.ReadFile(d.do("show-buffer"))
	if err != nil || !strings.Contains(string(transcript), "kept-42") {
		t.Errorf("the transcript has %q, %v", transcript, err)
	}

	d.do("resize-window", "-t", "work", "-x", "140", "-y", "40")
	d.press("work", "1")
	d.see("work", "ATTENTION", "EVENTS", "help")
	if lines := strings.Split(strings.TrimRight(d.screen("work"), "\n"), "\n"); len(lines) != 40 {
		t.Errorf("after the window grew the console fills %d lines of 40:\n%s", len(lines), d.screen("work"))
	}

	screens := map[string][]string{
		"agents": {"2"}, "agent": {"2", "Enter"}, "tasks": {"3"}, "task": {"3", "Enter"}, "log": {"3", "l"}, "files": {"3", "f"}, "describe": {"3", "d"},
		"frameworks": {"4"}, "roles": {"5"}, "offers": {"6"}, "masters": {"7"}, "events": {"8"}, "jobs": {"0"}, "job": {"0", "Enter"}, "form": {"n"},
		"maintenance": {"9"}, "secrets": {"text::secrets", "Enter"}, "secret": {"text::secrets", "Enter", "n"}, "shells": {"3", "a"},
		"columns": {"2", "w"}, "executors": {"2", "Enter", "Tab", "Tab"}, "ended": {"3", "Tab", "Tab"}, "question": {"3", "C-k"}, "raw": {"2", "y"}, "preview": {"3", "v"},
	}
	for name, keys := range screens {
		d.open(name)
		d.press(name, keys...)
	}
	before, err := r.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.killLeader()
	leader := ""
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err = r.Poll(ctx, func(ctx context.Context) (bool, string) {
		state, err := r.State(ctx)
		leader = state.Leader
		return err == nil && leader != "" && leader != before.Leader, "another leader"
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range screens {
		d.see(name, "● live", "leader "+leader)
		if text := d.screen(name); strings.Contains(text, "exit status") {
			t.Errorf("the console ended while %s was open:\n%s", name, text)
		}
	}

	d.press("work", "3")
	d.see("work", "● live", "RUNNING")
	d.press("work", "C-k")
	d.see("work", "Kill 1 task")
	d.press("work", "Tab", "Enter")
	r.await("the task's end", func(tasks []reeveapi.Task) bool { return len(tasks) == 1 && tasks[0].State == "TASK_KILLED" })
	d.press("work", "C-c")
	d.see("work", "exit status 0")
}
