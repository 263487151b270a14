package overview

import (
	"testing"

	"codeberg.org/reeve/reeve/shared/mesosv1"
)

func TestCheckText(t *testing.T) {
	for want, s := range map[string]*mesosv1.CheckStatusInfo{
		"":                     {Type: mesosv1.CheckInfo_COMMAND.Enum(), Command: &mesosv1.CheckStatusInfo_Command{}},
		"exited with status 0": {Command: &mesosv1.CheckStatusInfo_Command{ExitCode: new(int32(0))}},
		"HTTP status 503":      {Http: &mesosv1.CheckStatusInfo_Http{StatusCode: new(uint32(503))}},
		"takes connections":    {Tcp: &mesosv1.CheckStatusInfo_Tcp{Succeeded: new(true)}},
		"takes no connections": {Tcp: &mesosv1.CheckStatusInfo_Tcp{Succeeded: new(false)}},
	} {
		if got := checkText(s); got != want {
			t.Errorf("%v: %q, want %q", s, got, want)
		}
	}
	if got := checkText(nil); got != "" {
		t.Errorf("without a check: %q", got)
	}
}
