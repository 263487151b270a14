package secrets_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/cli/deed"
	"codeberg.org/reeve/reeve/tui/cli/output"
	"codeberg.org/reeve/reeve/tui/cli/secrets"
)

// TestValuesAreTakenAsTheyAre: every byte reaches the master, from wherever it came, and none is printed.
func TestValuesAreTakenAsTheyAre(t *testing.T) {
	var got string
	master := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = r.Method + " " + r.URL.Path + " " + string(body)
		if err := json.NewEncoder(w).Encode(reeveapi.Secret{Name: "db", Version: 3, Size: len(body), Set: time.Now(), Key: "0a0b"}); err != nil {
			t.Error(err)
		}
	}))
	defer master.Close()
	file := filepath.Join(t.TempDir(), "value")
	if err := os.WriteFile(file, []byte("from a file\nof two lines\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(stdin string, args ...string) (out, warned string, err error) {
		var stdout, stderr bytes.Buffer
		command := secrets.Command(secrets.Config{Config: deed.Config{
			Printer: func() output.Printer { return output.Printer{Out: &stdout, Form: output.Table} },
			Connect: func() (*client.Client, error) {
				return client.New(client.Options{Masters: []string{master.Listener.Addr().String()}})
			},
			Confirm: func(bool, string, ...any) error { return nil },
		}, Stdin: strings.NewReader(stdin), Stderr: &stderr})
		command.SetArgs(args)
		err = command.ExecuteContext(t.Context())
		return stdout.String(), stderr.String(), err
	}
	for _, tc := range []struct {
		stdin, value, warning string
		args                  []string
	}{
		{"hunter2", "hunter2", "", []string{"set", "db"}},
		{"hunter2\n", "hunter2\n", "ends in a line break", []string{"set", "db"}},
		{"not read", "from a file\nof two lines\n", "", []string{"set", "db", "--from=" + file}},
	} {
		out, warned, err := run(tc.stdin, tc.args...)
		if err != nil || got != "PUT /reeve/v1/secrets/db "+tc.value {
			t.Errorf("%q: the master got %q, %v", tc.args, got, err)
		}
		if strings.Contains(out+warned, "hunter2") || !strings.Contains(out, "version 3") || !strings.Contains(warned, tc.warning) || (warned == "") != (tc.warning == "") {
			t.Errorf("%q: printed %q and %q", tc.args, out, warned)
		}
	}
	got = ""
	if _, _, err := run(strings.Repeat("x", reeveapi.MaxSecret+1), "set", "db"); err == nil || !strings.Contains(err.Error(), "more than 65536 bytes") || got != "" {
		t.Errorf("too much: %v, and the master got %d bytes", err, len(got))
	}
}
