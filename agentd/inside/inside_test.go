package inside

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// TestProcesses finds this program and a child of it in the namespace that they share.
func TestProcesses(t *testing.T) {
	child := exec.Command("sleep", "1000")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = child.Process.Kill(), child.Wait() }()
	deadline := time.Now().Add(time.Minute)
	for {
		list, err := Processes(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		found := map[int]reeveapi.Process{}
		for i, p := range list {
			found[p.Host] = p
			if i > 0 && list[i-1].Host >= p.Host {
				t.Fatalf("%d comes after %d", p.Host, list[i-1].Host)
			}
		}
		if c := found[child.Process.Pid]; len(list) == most || c.Command == "sleep 1000" { // it is this program's until exec
			if len(list) < most && (c.Parent != os.Getpid() || c.User == "" || c.Threads != 1 || time.Since(c.Started) > time.Hour) {
				t.Errorf("the child is %+v", c)
			}
			if me := found[os.Getpid()]; len(list) < most && (me.Bytes <= 0 || !strings.Contains(me.Command, "inside.test")) {
				t.Errorf("this program is %+v", me)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the child is not among %d processes", len(list))
		}
		time.Sleep(10 * time.Millisecond) // a poll with a deadline
	}
}

func TestNobodyThere(t *testing.T) {
	if list, err := Processes(1 << 30); err == nil {
		t.Errorf("got %v, want an error", list)
	}
}

func TestParse(t *testing.T) {
	booted := time.Unix(1000, 0)
	var p reeveapi.Process
	name, err := parseStat("42 (a) b (c)) S 7 42 42 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 3 0 500 1000000 25 18446744073709551615 1\n", booted, &p)
	if err != nil || name != "a) b (c)" {
		t.Fatalf("name %q, %v", name, err)
	}
	parseStatus("Name:\tx\nUid:\t33\t33\t33\t33\nNSpid:\t42\t5\n", &p)
	want := reeveapi.Process{PID: 5, Parent: 7, User: "33", State: "S", Threads: 3, Seconds: 2, Bytes: 25 * int64(os.Getpagesize()), Started: time.Unix(1005, 0)}
	if p != want {
		t.Errorf("got %+v, want %+v", p, want)
	}
	for _, text := range []string{"", "42 a S", "42 (a) S 7", "42 (a) S x 42 42 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 3 0 500 1000000 25 1 1"} {
		if _, err := parseStat(text, booted, &p); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

func TestEstablished(t *testing.T) {
	const text = "  sl  local_address rem_address   st tx_queue\n   0: 0100007F:1F90 00000000:0000 0A 0\n   1: 0100007F:1F90 0100007F:C000 01 0\n   2: 0100007F:1F90 0100007F:C001 01 0\n"
	if got := established(text); got != 2 {
		t.Errorf("got %d, want 2", got)
	}
	if _, own := Connections(os.Getpid()); own {
		t.Error("this program's own network is told of as another's")
	}
}
