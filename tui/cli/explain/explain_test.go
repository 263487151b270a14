package explain

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

// run asks a master that knows framework marathon and job canary.
func run(t *testing.T, form, name string) (string, error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := reeveapi.Explanation{
			Framework: "f", FrameworkName: "marathon", State: "active", Roles: []reeveapi.RoleExplanation{{
				Role: "web", Summary: "of 6 agents, 4 are busy", Reasons: []reeveapi.OfferReason{
					{Why: "used", Text: "in use", Agents: 24, Names: []string{"a", "b", "c", "d"}},
					{Why: "filtered", Text: "declined", Agents: 2, Names: []string{"e", "f"}, Until: time.Now().Add(time.Hour)},
				},
			}},
		}
		switch q := r.URL.Query(); {
		case q.Get("job") == "canary":
			answer.Job, answer.JobState, answer.Waiting = "canary", "pending", "a place"
		case q.Get("framework") != "marathon":
			w.WriteHeader(http.StatusNotFound)
			_ = json.NewEncoder(w).Encode(reeveapi.Error{Error: "unknown", Kind: "not found"})
			return
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	defer server.Close()
	var out bytes.Buffer
	command := Command(Config{
		Printer: func() output.Printer { return output.Printer{Form: form, Out: &out, Err: &out} },
		Connect: func() (*client.Client, error) {
			return client.New(client.Options{Masters: []string{strings.TrimPrefix(server.URL, "http://")}})
		},
	})
	command.SilenceErrors, command.SilenceUsage = true, true
	command.SetArgs([]string{name})
	err := command.ExecuteContext(t.Context())
	return out.String(), err
}

func TestExplain(t *testing.T) {
	for _, test := range []struct{ form, name, want string }{
		{output.Table, "marathon", "framework marathon is active\n\nrole web: of 6 agents, 4 are busy\nAGENTS  WHY                              WHICH\n" +
			"24      in use                           a b c and 21 more\n2       declined; the first in 1h0m0s    e f\n"},
		{output.Wide, "canary", "job canary is pending\nit waits for a place\n"},
		{output.Wide, "canary", "a b c d and 20 more"},
		{output.JSON, "canary", `"waiting": "a place"`},
		{output.Name, "marathon", "f\n"},
	} {
		got, err := run(t, test.form, test.name)
		if squeeze(got) != squeeze(test.want) && !strings.Contains(got, test.want) || err != nil {
			t.Errorf("explain %s as %s prints\n%s%v\nwant\n%s", test.name, test.form, got, err, test.want)
		}
	}
	if _, err := run(t, output.Table, "nobody"); err == nil || !strings.Contains(err.Error(), `no job and no framework is called "nobody"`) {
		t.Errorf("of nobody it says %v", err)
	}
}

// squeeze makes columns as narrow as they can be.
func squeeze(text string) string { return strings.Join(strings.Fields(text), " ") }
