package shimclient

import (
	"context"
	"log/slog"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// background is for the helper process, which has no test.
func background() context.Context { return context.Background() }
