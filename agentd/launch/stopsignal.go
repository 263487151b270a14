package launch

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/shared/fault"
)

// The real-time signals as the C libraries count them, which keep the kernel's first two for themselves.
const (
	sigRTMin = 34
	sigRTMax = 64
)

// stopSignal reads what an image names by STOPSIGNAL: "SIGQUIT", "QUIT", "3", "SIGRTMIN+3". It is 0 for none.
func stopSignal(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	name := strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(text)), "SIG")
	number, err := strconv.Atoi(name)
	if err != nil {
		number = int(unix.SignalNum("SIG" + name))
	}
	for prefix, base := range map[string]int{"RTMIN": sigRTMin, "RTMAX": sigRTMax} {
		if offset, ok := strings.CutPrefix(name, prefix); ok {
			n, err := strconv.Atoi("0" + strings.TrimLeft(offset, "+-"))
			if strings.HasPrefix(offset, "-") {
				n = -n
			}
			if number = base + n; err != nil {
				number = 0
			}
		}
	}
	if number < 1 || number > sigRTMax {
		return 0, fault.New(fault.Invalid, "its stop signal %q is none: STOPSIGNAL takes a name such as SIGTERM, or a number", text)
	}
	return number, nil
}
