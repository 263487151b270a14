package fake

import (
	"path"
	"strconv"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
)

// Interpret is the default script: what the commands of the conformance suite would do. A command under /no/ cannot be
// started; one that is not understood runs for ever.
func Interpret(spec runtime.Spec) Behaviour {
	argv := spec.Argv
	if len(argv) == 0 {
		return Behaviour{LaunchErr: fault.New(fault.Invalid, "start container %s: its command is empty", spec.ID)}
	}
	if len(argv) == 3 && argv[1] == "-c" {
		argv = strings.Fields(argv[2])
	}
	arg := ""
	if len(argv) == 2 {
		arg = argv[1]
	}
	switch name := path.Base(argv[0]); {
	case strings.HasPrefix(argv[0], "/no/"):
		return Behaviour{LaunchErr: fault.New(fault.Invalid, "start command %q: no such file or directory", argv[0])}
	case name == "true":
		return Behaviour{}
	case name == "false":
		return Behaviour{WaitStatus: 1 << 8}
	case name == "exit":
		code, err := strconv.Atoi(arg)
		return Behaviour{WaitStatus: code << 8, Forever: err != nil}
	case name == "sleep":
		seconds, err := strconv.ParseFloat(arg, 64)
		return Behaviour{RunFor: time.Duration(seconds * float64(time.Second)), Forever: err != nil}
	}
	return Behaviour{Forever: true}
}
