package shimclient

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"codeberg.org/reeve/reeve/shared/ids"
)

// helperEnv makes the test binary another program: an agent that can be killed, or one of an ordinary user. Its value is
// the program's arguments.
const helperEnv = "REEVE_TEST_HELPER"

func helper() int {
	fields := strings.Split(os.Getenv(helperEnv), "|")
	if fields[0] != "rootless" {
		return launchForever(fields)
	}
	if err := rootlessHelper(fields[1], fields[2]); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// background is for helper processes, which have no test.
func background() context.Context { return context.Background() }

func runtimeID(id string) ids.Container { return ids.Container(id) }
