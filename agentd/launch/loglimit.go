package launch

import (
	"strconv"
	"strings"

	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// The variables by which a task bounds what is kept of its output, as for Mesos's log-rotate container logger.
const (
	maxStdout = "CONTAINER_LOGGER_MAX_STDOUT_SIZE"
	maxStderr = "CONTAINER_LOGGER_MAX_STDERR_SIZE"
)

// minLog is the least that is kept of a file: less would lose what was written in the second between two looks.
const minLog = 64 << 10

// LogLimits are the bytes that a run wants kept of its stdout and stderr, 0 where it does not say.
func LogLimits(r Run) (stdout, stderr int64) {
	command := r.Executor.GetCommand()
	if command == nil && len(r.Tasks) == 1 {
		command = r.Tasks[0].GetCommand()
	}
	return logLimit(command, maxStdout), logLimit(command, maxStderr)
}

func logLimit(command *mesosv1.CommandInfo, name string) int64 {
	for _, v := range command.GetEnvironment().GetVariables() {
		if v.GetName() == name {
			if n := parseBytes(v.GetValue()); n > 0 {
				return max(n, minLog)
			}
		}
	}
	return 0
}

// parseBytes reads a size as Mesos writes it, "10MB"; 0 for what is none.
func parseBytes(text string) int64 {
	for _, unit := range []struct {
		name string
		size int64
	}{{"KB", 1 << 10}, {"MB", 1 << 20}, {"GB", 1 << 30}, {"TB", 1 << 40}, {"B", 1}} {
		if number, ok := strings.CutSuffix(strings.TrimSpace(text), unit.name); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
			if err != nil || n < 0 || n > (1<<62)/unit.size {
				return 0
			}
			return n * unit.size
		}
	}
	return 0
}
