package outcome

import (
	"fmt"

	"codeberg.org/reeve/reeve/agentd/runtime"
)

// signalNames are the C library's texts, which tools compare with (spec 3.11).
var signalNames = [...]string{
	1: "Hangup", 2: "Interrupt", 3: "Quit", 4: "Illegal instruction", 5: "Trace/breakpoint trap", 6: "Aborted", 7: "Bus error",
	8: "Floating point exception", 9: "Killed", 10: "User defined signal 1", 11: "Segmentation fault",
	12: "User defined signal 2", 13: "Broken pipe", 14: "Alarm clock", 15: "Terminated", 16: "Stack fault",
	17: "Child exited", 18: "Continued", 19: "Stopped (signal)", 20: "Stopped", 21: "Stopped (tty input)",
	22: "Stopped (tty output)", 23: "Urgent I/O condition", 24: "CPU time limit exceeded", 25: "File size limit exceeded",
	26: "Virtual timer expired", 27: "Profiling timer expired", 28: "Window changed", 29: "I/O possible",
	30: "Power failure", 31: "Bad system call",
}

// describe says in words how a process ended, from its status as of wait(2).
func describe(status int) string {
	signal, core := status&0x7f, status&0x80 != 0
	if signal == 0 {
		return fmt.Sprintf("exited with status %d", status>>8&0xff)
	}
	name := fmt.Sprintf("Unknown signal %d", signal)
	if signal < len(signalNames) {
		name = signalNames[signal]
	}
	if core {
		name += " (core dumped)"
	}
	return "terminated with signal " + name
}

// ExitText says in words how a container ended, for logs.
func ExitText(e runtime.Exit) string {
	text := describe(e.WaitStatus)
	if e.Lost {
		text = "lost"
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}
