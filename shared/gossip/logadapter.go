package gossip

import (
	"bytes"
	"context"
	"log"
	"log/slog"
	"strings"

	"codeberg.org/reeve/reeve/shared/logkey"
)

// newLogAdapter turns lines such as "[WARN] serf: …" into records. Serf's own news is told by note already, so that it is
// debug here.
func newLogAdapter(logger *slog.Logger) *log.Logger {
	return log.New(lineWriter{logger}, "", 0)
}

type lineWriter struct{ log *slog.Logger }

// Write takes one line.
func (w lineWriter) Write(line []byte) (int, error) {
	text := string(bytes.TrimSpace(line))
	level := slog.LevelDebug
	if strings.HasPrefix(text, "[ERR") || strings.HasPrefix(text, "[WARN") {
		level = slog.LevelWarn
	}
	if quiet(text) {
		level = slog.LevelDebug
	}
	if _, rest, ok := strings.Cut(text, "] "); ok && strings.HasPrefix(text, "[") {
		text = rest
	}
	w.log.Log(context.Background(), level, "gossip said", logkey.Text(text))
	return len(line), nil
}

// quiet lines say what Reeve knows or what keepJoined says better.
func quiet(text string) bool {
	for _, part := range []string{
		"Unable to push/pull", "was able to connect to", "Refuting a", "Conflicting address", "Failed fallback TCP ping",
		"Failed to join", "unencrypted transport", "Shutdown without a Leave",
	} {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}
