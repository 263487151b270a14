package logging

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/logkey"
)

func TestFormsAndLevels(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		format, level string
		json, debug   bool
	}{
		"no terminal": {"", "", true, false},
		"json":        {"json", "info", true, false},
		"text":        {"text", "debug", false, true},
		"errors only": {"json", "error", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			log, err := New(&b, tt.format, tt.level)
			if err != nil {
				t.Fatal(err)
			}
			log.Debug("quiet", logkey.Count(1))
			log.Error("loud", logkey.Count(2))
			if got := strings.Contains(b.String(), "quiet"); got != tt.debug {
				t.Errorf("debug lines: %v, want %v", got, tt.debug)
			}
			lines := strings.Split(strings.TrimSpace(b.String()), "\n")
			if got := json.Valid([]byte(lines[len(lines)-1])); got != tt.json {
				t.Errorf("last line is JSON: %v, want %v: %s", got, tt.json, b.String())
			}
		})
	}
}

func TestUnknownWordsAreRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ format, level, want string }{
		{"xml", "", "--log-format"}, {"", "loud", "--log-level"},
	} {
		if _, err := New(new(bytes.Buffer), tt.format, tt.level); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("New(%q, %q): %v", tt.format, tt.level, err)
		}
	}
}
