package httpapi_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/agentd/httpapi"
	"codeberg.org/reeve/reeve/agentd/tasklog"
	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// TestLog reads one whose head was dropped, by offset, by time and from its end.
func TestLog(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "stdout")
	old, line := strings.Repeat("old\n", 30_000), strings.Repeat("0123456789abcde\n", 2000)
	keeper := tasklog.New(tasklog.Config{Log: slog.New(slog.DiscardHandler)})
	begin := time.Now().Add(-time.Hour)
	for i, text := range []string{old, line, line + "last\n"} {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		keeper.Look([]tasklog.Log{{Sandbox: dir, Name: "stdout", Limit: 64 << 10}}, begin.Add(time.Duration(i)*time.Minute))
	}
	cfg := config(&workload.View{})
	cfg.Roots = func() map[string]string { return map[string]string{"/s": dir} }
	h := httpapi.New(cfg)
	read := func(query string) reeveapi.Log {
		t.Helper()
		answer := ask(t, h, http.MethodGet, "/reeve/v1/log?path=/s/stdout&limit=1000000"+query, "")
		var piece reeveapi.Log
		if err := json.Unmarshal(answer.Body.Bytes(), &piece); err != nil || answer.Code != http.StatusOK {
			t.Fatalf("%s: %d %s, %v", query, answer.Code, answer.Body, err)
		}
		if piece.Size != int64(len(old)+2*len(line)+5) || piece.Offset < piece.Start || piece.Offset+int64(len(piece.Data)) != piece.Size {
			t.Errorf("%s: %d bytes at %d, from %d to %d", query, len(piece.Data), piece.Offset, piece.Start, piece.Size)
		}
		return piece
	}
	whole := read("")
	if whole.Start == 0 || whole.Offset != whole.Start || strings.Contains(string(whole.Data), "\x00") || !strings.HasSuffix(string(whole.Data), "\nlast\n") {
		t.Errorf("all that is kept: from %d, %d bytes", whole.Start, len(whole.Data))
	}
	for query, want := range map[string]string{
		"&offset=1": string(whole.Data),
		"&last=3":   "last\n",
		"&since=" + begin.Add(90*time.Second).UTC().Format(time.RFC3339): line + "last\n",
		"&since=24h": string(whole.Data),
	} {
		if got := read(query); string(got.Data) != want {
			t.Errorf("%s: %d bytes, want %d", query, len(got.Data), len(want))
		}
	}
	if times := read("&times=true").Times; len(times) != 2 || times[0].Below != int64(len(old)+len(line)) || times[1].Below != whole.Size || !times[1].At.Equal(begin.Add(2*time.Minute)) {
		t.Errorf("it was written at %v, want what is kept to be of two moments after %v", times, begin)
	}
	if times := read("&times=true&offset=" + strconv.Itoa(len(old)+len(line))).Times; len(times) != 1 || times[0].Below != whole.Size {
		t.Errorf("its end was written at %v, want one moment", times)
	}
	for query, status := range map[string]int{
		"?path=/s/stdout&times=perhaps": 400,
		"?path=/s/nothing":              404, "?path=/s/stdout&since=x": 400, "?path=/s/stdout&offset=-1": 400, "": 400,
	} {
		if answer := ask(t, h, http.MethodGet, "/reeve/v1/log"+query, ""); answer.Code != status {
			t.Errorf("%q: %d %s, want %d", query, answer.Code, answer.Body, status)
		}
	}
	if answer := ask(t, h, http.MethodGet, "/files/download?path=/s/stdout", ""); strings.HasPrefix(answer.Body.String(), "\x00") || !strings.HasSuffix(answer.Body.String(), "last\n") {
		t.Errorf("download: %d bytes, %q…", answer.Body.Len(), answer.Body.String()[:20])
	}
	if answer := ask(t, h, http.MethodGet, "/files/read?path=/s/stdout&offset=-1", ""); !strings.Contains(answer.Body.String(), "184005") {
		t.Errorf("read: %s", answer.Body)
	}
}
