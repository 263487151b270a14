package history

import (
	"strings"
	"testing"
)

func launched(plan Plan) Event { return Event{Kind: Launched, Task: "t", Agent: "S0", Plan: plan} }

func updated(state, uuid string) Event {
	return Event{Kind: Updated, Task: "t", Agent: "S0", State: "TASK_" + state, UUID: uuid}
}

func acked(uuid string) Event { return Event{Kind: Acked, Task: "t", UUID: uuid} }

func message(e Event, text string) Event {
	e.Message = text
	return e
}

var (
	ran    = Run{Task: "t", Dir: "a1/1", Starts: 1, Ends: 1}
	broken = Run{Task: "t", Dir: "a1/1", Starts: 1}
	killed = Event{Kind: Killed, Task: "t"}
)

func whole(state string) End { return End{Tasks: map[string]string{"t": "TASK_" + state}} }

// Each of these is something that clusters do to the best of frameworks.
func TestWhatIsRight(t *testing.T) {
	for name, tt := range map[string]struct {
		events []Event
		runs   []Run
		end    End
	}{
		"a life": {
			[]Event{launched(Finish), updated("STARTING", "1"), acked("1"), updated("RUNNING", "2"), acked("2"), updated("FINISHED", "3"), acked("3")},
			[]Run{ran},
			whole("FINISHED"),
		},
		"updates that come again until they are acknowledged": {
			[]Event{launched(Finish), updated("RUNNING", "2"), updated("RUNNING", "2"), acked("2"), updated("FINISHED", "3"), updated("FINISHED", "3"), acked("3"), updated("FINISHED", "3")},
			[]Run{ran},
			whole("FINISHED"),
		},
		"unreachable, and back": {
			[]Event{launched(Finish), updated("RUNNING", "2"), updated("UNREACHABLE", ""), updated("RUNNING", ""), updated("FINISHED", "3"), acked("3")},
			[]Run{ran},
			whole("FINISHED"),
		},
		"an exit": {
			[]Event{launched(Fail), message(updated("FAILED", "3"), "Command exited with status 7"), acked("3")}, []Run{ran}, whole("FAILED"),
		},
		"a kill":             {[]Event{launched(Stay), updated("RUNNING", "1"), killed, updated("KILLED", "3"), acked("3")}, []Run{broken}, whole("KILLED")},
		"it never got there": {[]Event{launched(Finish), updated("DROPPED", "")}, nil, End{}},
		"an answer that got lost, of a task that was not taken": {[]Event{{Kind: Unsure, Task: "t", Plan: Finish}}, nil, End{}},
		"its end was never acknowledged":                        {[]Event{launched(Finish), updated("FINISHED", "3")}, []Run{ran}, End{}},
		"its end was asked for again":                           {[]Event{launched(Finish), updated("GONE", ""), updated("GONE", "")}, nil, End{}},
	} {
		t.Run(name, func(t *testing.T) {
			if wrong := Check(tt.events, tt.runs, tt.end); len(wrong) > 0 {
				t.Errorf("found wrong: %s", strings.Join(wrong, "; "))
			}
		})
	}
}

func TestWhatIsWrong(t *testing.T) {
	for name, tt := range map[string]struct {
		events []Event
		runs   []Run
		end    End
		want   string
	}{
		"lost":                    {[]Event{launched(Finish), updated("RUNNING", "1")}, []Run{broken}, End{}, "task t: it has no end; the last that was heard is TASK_RUNNING"},
		"lost without a word":     {[]Event{launched(Finish)}, nil, End{}, "task t: it has no end; the last that was heard is nothing"},
		"taken without an answer": {[]Event{{Kind: Unsure, Task: "t"}}, []Run{broken}, End{}, "it has no end"},
		"twice": {
			[]Event{launched(Finish), updated("FINISHED", "1"), acked("1")},
			[]Run{ran, {Task: "t", Dir: "a2/1", Starts: 1}},
			whole("FINISHED"),
			"task t: it ran 2 times, in a1/1 and a2/1",
		},
		"twice in one place": {
			[]Event{launched(Finish), updated("FINISHED", "1"), acked("1")}, []Run{{Task: "t", Dir: "a1/1", Starts: 2, Ends: 1}}, whole("FINISHED"), "it ran 2 times",
		},
		"an old one again": {
			[]Event{launched(Finish), updated("STARTING", "1"), updated("RUNNING", "2"), updated("STARTING", "1"), updated("FINISHED", "3")},
			[]Run{ran},
			End{},
			"task t: TASK_STARTING came again after TASK_RUNNING",
		},
		"backwards": {
			[]Event{launched(Finish), updated("RUNNING", "1"), updated("STARTING", "2"), updated("FINISHED", "3")},
			[]Run{ran},
			End{},
			"task t: TASK_STARTING came after TASK_RUNNING",
		},
		"two ends": {
			[]Event{launched(Finish), updated("FINISHED", "1"), updated("FAILED", "2")}, []Run{ran}, End{}, "task t: TASK_FAILED came after its end, TASK_FINISHED",
		},
		"gone, and there": {
			[]Event{launched(Finish), updated("GONE", ""), updated("RUNNING", "1")},
			[]Run{ran},
			End{},
			"task t: it was said to be TASK_GONE (), and then TASK_RUNNING",
		},
		"unknown, and there": {
			[]Event{launched(Finish), updated("UNKNOWN", ""), updated("FINISHED", "2")}, []Run{ran}, End{}, "it was said to be TASK_UNKNOWN (), and then TASK_FINISHED",
		},
		"ended, and running": {
			[]Event{launched(Finish), updated("FINISHED", "1"), updated("RUNNING", "")}, []Run{ran}, End{}, "it was said to be TASK_FINISHED (), and then TASK_RUNNING",
		},
		"finished too soon":     {[]Event{launched(Finish), updated("FINISHED", "1")}, []Run{broken}, End{}, "wrote 0 times that it ended"},
		"finished, and exit 7":  {[]Event{launched(Fail), updated("FINISHED", "1")}, []Run{ran}, End{}, "its plan was to fail"},
		"exit 7, and did not":   {[]Event{launched(Finish), message(updated("FAILED", "1"), "Command exited with status 7")}, []Run{ran}, End{}, "its plan was to finish"},
		"killed by nobody":      {[]Event{launched(Stay), updated("KILLED", "1")}, []Run{broken}, End{}, "nobody asked for that"},
		"dropped, and started":  {[]Event{launched(Finish), updated("DROPPED", "")}, []Run{broken}, End{}, "and it had started"},
		"forgotten":             {[]Event{launched(Finish), updated("FINISHED", "1"), acked("1")}, []Run{ran}, End{}, "was acknowledged, and the masters do not know of it"},
		"remembered otherwise":  {[]Event{launched(Finish), updated("FINISHED", "1"), acked("1")}, []Run{ran}, whole("FAILED"), "and the masters have it as TASK_FAILED"},
		"something left behind": {nil, nil, End{Left: []string{"cpus on a1"}}, "left behind: cpus on a1"},
	} {
		t.Run(name, func(t *testing.T) {
			wrong := Check(tt.events, tt.runs, tt.end)
			if len(wrong) != 1 || !strings.Contains(wrong[0], tt.want) {
				t.Errorf("found wrong: %q, want one with %q", wrong, tt.want)
			}
		})
	}
}
