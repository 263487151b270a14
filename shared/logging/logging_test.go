package logging

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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
			log, err := Open(&b, Options{Format: tt.format, Level: tt.level})
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
		if _, err := Open(new(bytes.Buffer), Options{Format: tt.format, Level: tt.level}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q, %q: %v", tt.format, tt.level, err)
		}
	}
}

// TestVerbosity: an operator's level holds for its time and no longer (spec 3.9).
func TestVerbosity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		log, err := Open(&b, Options{Format: "text"})
		if err != nil {
			t.Fatal(err)
		}
		says := func() bool {
			b.Reset()
			log.Debug("quiet")
			return b.Len() > 0
		}
		if says() || log.Verbosity.Level() != 0 {
			t.Error("debug lines from the start")
		}
		log.Verbosity.Set(2, time.Minute)
		log.Verbosity.Set(3, 2*time.Minute)
		time.Sleep(90 * time.Second) // the first one's time is over, and does not count any more
		if !says() || log.Verbosity.Level() != 3 {
			t.Errorf("no debug lines at level %d", log.Verbosity.Level())
		}
		time.Sleep(time.Minute)
		if says() || log.Verbosity.Level() != 0 {
			t.Error("the level did not come back")
		}
	})
}

// TestAFileBeside: with a directory the same lines are in a file, too, behind those of former lives.
func TestAFileBeside(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	for range 2 {
		var b bytes.Buffer
		log, err := Open(&b, Options{Format: "text", Dir: dir, Program: "reeved"})
		if err != nil {
			t.Fatal(err)
		}
		log.Info("here", logkey.Count(1))
	}
	data, err := os.ReadFile(filepath.Join(dir, "reeved.log"))
	if err != nil || strings.Count(string(data), "msg=here") != 2 {
		t.Errorf("got %q, %v, want a line of each life", data, err)
	}
	if _, err := Open(io.Discard, Options{Dir: filepath.Join(dir, "reeved.log"), Program: "x"}); err == nil {
		t.Error("a file was taken for a directory")
	}
}
