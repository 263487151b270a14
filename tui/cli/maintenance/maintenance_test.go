package maintenance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/cli/deed"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

// master answers lists and notes what it is asked to change.
type master struct{ asked []string }

func (m *master) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var answer any
	end := time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)
	switch r.Method + " " + r.URL.Path {
	case "GET /reeve/v1/agents":
		answer = []reeveapi.Agent{{ID: "S1", Name: "node1", HTTP: "10.0.0.1:5051", State: reeveapi.AgentActive}, {ID: "S2", Name: "late"}}
	case "GET /reeve/v1/maintenance":
		answer = reeveapi.Maintenance{Windows: []reeveapi.MaintenanceWindow{{
			Start: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), End: &end,
			Machines: []reeveapi.MaintenanceMachine{
				{Hostname: "node1", IP: "10.0.0.1", State: reeveapi.MachineDraining, Agents: []string{"S1"}, Tasks: 3, Answers: []reeveapi.MaintenanceAnswer{{Framework: "f"}}},
				{Hostname: "node2", IP: "10.0.0.2", State: reeveapi.MachineDown, Agents: []string{}},
				{Hostname: "node2", IP: "10.0.0.3", State: reeveapi.MachineDown, Agents: []string{}},
			},
		}}}
	default:
		body, _ := io.ReadAll(r.Body)
		m.asked = append(m.asked, fmt.Sprintf("%s %s %s", r.Method, r.URL.Path, body))
		w.WriteHeader(http.StatusOK)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// run executes a line and answers what was printed, or the error.
func run(t *testing.T, m *master, line string) string {
	t.Helper()
	server := httptest.NewServer(m)
	defer server.Close()
	var out bytes.Buffer
	root := &cobra.Command{Use: "reeve", SilenceErrors: true, SilenceUsage: true}
	form := root.PersistentFlags().StringP("output", "o", output.Table, "")
	root.AddCommand(Command(Config{Config: deed.Config{
		Printer: func() output.Printer { return output.Printer{Form: *form, Out: &out, Err: &out} },
		Connect: func() (*client.Client, error) {
			return client.New(client.Options{Masters: []string{strings.TrimPrefix(server.URL, "http://")}})
		},
		Confirm: func(yes bool, question string, args ...any) error {
			if yes {
				return nil
			}
			return fmt.Errorf("asked: "+question, args...)
		},
		Usage: func(format string, args ...any) error { return fmt.Errorf("usage: "+format, args...) },
	}}))
	root.SetArgs(strings.Fields(line))
	if err := root.ExecuteContext(t.Context()); err != nil {
		return err.Error()
	}
	return out.String()
}

func TestMaintenance(t *testing.T) {
	for line, want := range map[string]string{
		"maintenance":                              "node1    10.0.0.1  draining  ",
		"maintenance -o wide":                      "0 yes, 1 no  S1",
		"maintenance -o name":                      "node1\nnode2\nnode2\n",
		"maintenance -o json":                      `"hostname": "node1"`,
		"maintenance start node1":                  "asked: Take node1 down for maintenance? What 3 tasks do there is lost.",
		"maintenance start nobody":                 `no machine of the schedule is called "nobody"`,
		"maintenance stop node2":                   `"node2" means 2 machines; name them as HOST/IP`,
		"maintenance schedule late":                `the address of agent late is not known: it has not come to the master`,
		"maintenance schedule nobody":              `no agent is called "nobody"`,
		"maintenance schedule node1 --for=-1s":     "usage: --for is -1s, and can't be negative",
		"maintenance schedule node1 --at=tomorrow": `usage: --at is "tomorrow"`,

		"maintenance schedule node1 --in=1h --at=2026-11-23T12:00:00Z": "usage: --in and --at",
	} {
		m := &master{}
		if got := run(t, m, line); !strings.Contains(got, want) || len(m.asked) > 0 {
			t.Errorf("reeve %s: got %q and %q, want %q", line, got, m.asked, want)
		}
	}
	for line, want := range map[string][2]string{
		"maintenance start S1 -y":         {"S1: down for maintenance\n", `POST /reeve/v1/maintenance/start {"machines":[{"hostname":"node1","ip":"10.0.0.1"}]}`},
		"maintenance stop node2/10.0.0.3": {"node2/10.0.0.3: up again\n", `POST /reeve/v1/maintenance/stop {"machines":[{"hostname":"node2","ip":"10.0.0.3"}]}`},
		"maintenance cancel NODE1":        {"NODE1: no maintenance any more\n", `POST /reeve/v1/maintenance/cancel {"machines":[{"hostname":"node1","ip":"10.0.0.1"}]}`},
		"maintenance schedule h/10.0.0.9": {"h/10.0.0.9 scheduled for maintenance; frameworks are asked to leave\n", `POST /reeve/v1/maintenance/schedule {"machines":[{"hostname":"h","ip":"10.0.0.9"}]}`},
		"maintenance schedule node1 --at=2026-11-23T12:00:00Z --for=2h": {
			"node1 scheduled for maintenance; frameworks are asked to leave\n",
			`POST /reeve/v1/maintenance/schedule {"machines":[{"hostname":"node1","ip":"10.0.0.1"}],"start":"2026-11-23T12:00:00Z","duration_seconds":7200}`,
		},
	} {
		m := &master{}
		if got := run(t, m, line); got != want[0] || len(m.asked) != 1 || m.asked[0] != want[1] {
			t.Errorf("reeve %s: got %q and %q, want %q", line, got, m.asked, want)
		}
	}
}
