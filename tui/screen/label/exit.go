package label

import (
	"slices"
	"strconv"
	"strings"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// signals are numbers of signals by what messages call them: agents have the C library's names.
var signals = map[string]int{
	"Hangup": 1, "Interrupt": 2, "Quit": 3, "Illegal instruction": 4, "Trace/breakpoint trap": 5, "Aborted": 6, "Bus error": 7,
	"Floating point exception": 8, "Killed": 9, "User defined signal 1": 10, "Segmentation fault": 11, "User defined signal 2": 12,
	"Broken pipe": 13, "Alarm clock": 14, "Terminated": 15, "CPU time limit exceeded": 24, "File size limit exceeded": 25, "Bad system call": 31,
}

// Exit is how the command of an ended task ended: its exit status, or 128 and the signal that ended it, as shells have it. It
// is known from the message, and false if that does not say it.
func Exit(t *reeveapi.Task) (status int, known bool) {
	messages := []string{t.Message}
	for _, step := range slices.Backward(t.History) { // the newest message may be the framework's
		messages = append(messages, step.Message)
	}
	for _, m := range messages {
		if status, known := exitOf(m); known {
			return status, true
		}
	}
	if t.State == "TASK_FINISHED" {
		return 0, true
	}
	return 0, false
}

func exitOf(message string) (status int, known bool) {
	if _, rest, found := strings.Cut(message, "exited with status "); found {
		return leading(rest)
	}
	for _, before := range []string{"terminated with signal ", "ended by signal "} {
		_, rest, found := strings.Cut(message, before)
		if !found {
			continue
		}
		if n, known := leading(strings.TrimPrefix(rest, "Unknown signal ")); known {
			return 128 + n, true
		}
		for name, n := range signals {
			if strings.HasPrefix(rest, name) {
				return 128 + n, true
			}
		}
	}
	return 0, false
}

// leading is the number at the beginning of a text.
func leading(text string) (int, bool) {
	end := 0
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(text[:end])
	return n, err == nil
}
