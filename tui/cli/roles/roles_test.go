package roles

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

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/cli/deed"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

// master answers lists and notes what it is asked to change.
type master struct {
	asked []string
	fail  string
}

func (m *master) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var answer any
	switch r.Method + " " + r.URL.Path {
	case "GET /reeve/v1/roles":
		answer = []reeveapi.Role{
			{Name: "*", Weight: 1, Frameworks: []string{"f", "g"}},
			{
				Name: "eng", Weight: 2.5, Frameworks: []string{}, Share: 0.256, Allocated: reeveapi.Amounts{CPUs: 4, Mem: 2048},
				Consumed: reeveapi.Amounts{CPUs: 4, Mem: 2048}, Limit: reeveapi.Quantities{"cpus": 4}, Guarantee: reeveapi.Quantities{"cpus": 1, "mem": 4096},
			},
			{Name: "eng/web", Weight: 1, Consumed: reeveapi.Amounts{CPUs: 3}, Limit: reeveapi.Quantities{"cpus": 2}},
		}
	case "GET /reeve/v1/offers":
		answer = []reeveapi.Offer{{
			ID: "m-O7", FrameworkName: "marathon", Role: "eng", AgentName: "node1", Resources: reeveapi.Amounts{CPUs: 1.5, Mem: 512},
			Made: time.Now().Add(-41 * time.Second),
		}}
	default:
		body, _ := io.ReadAll(r.Body)
		m.asked = append(m.asked, fmt.Sprintf("%s %s %s", r.Method, r.URL.EscapedPath(), body))
		if m.fail != "" {
			w.WriteHeader(http.StatusBadRequest)
			answer = reeveapi.Error{Error: m.fail, Kind: "invalid"}
			break
		}
		w.WriteHeader(http.StatusNoContent)
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
	root.AddCommand(Commands(Config{Config: deed.Config{
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
	}})...)
	root.SetArgs(strings.Fields(line))
	if err := root.ExecuteContext(t.Context()); err != nil {
		return err.Error()
	}
	return out.String()
}

func TestLists(t *testing.T) {
	m := &master{}
	for line, want := range map[string][]string{
		"roles":         {"ROLE     WEIGHT  FRAMEWORKS  SHARE  ALLOCATED CPUS", "eng      2.5     0           26%    4", "cpus:1,mem:4096"},
		"roles -o wide": {"RESERVED MEM", "CONSUMED CPUS"},
		"roles -o name": {"*\neng\neng/web\n"},
		"quota": {
			"eng      cpus:4,mem:2048  cpus:1,mem:4096  cpus:4  at its limit of cpus, below its guarantee of mem",
			"eng/web  cpus:3           -                cpus:2  above its limit of cpus",
		},
		"weight": {"ROLE     WEIGHT  FRAMEWORKS  SHARE\n*        1       2           0%\n"},
		"offers": {"m-O7   marathon   eng   node1  1.5   512 MB"},
	} {
		got := run(t, m, line)
		for _, part := range want {
			if !strings.Contains(got, part) {
				t.Errorf("%s prints\n%s\nwhich lacks %q", line, got, part)
			}
		}
	}
	if len(m.asked) != 0 {
		t.Errorf("lists asked for %v", m.asked)
	}
}

func TestChanges(t *testing.T) {
	m := &master{}
	for _, test := range []struct{ line, prints string }{
		{"quota set eng --limit cpus:4;mem:1024", "asked: Set the quota of role eng: guaranteed nothing, at most cpus:4,mem:1024?"},
		{"quota set eng --yes", "usage: say what role eng is guaranteed (--guarantee cpus:2), or its limit (--limit cpus:8), or both"},
		{"quota set eng --yes --limit cpus", `usage: --limit: "cpus" is not an amount; write for example cpus:2,mem:1024`},
		{"quota set eng/web --yes --guarantee cpus=1 --limit cpus:4", "eng/web is guaranteed cpus:1, and may have cpus:4\n"},
		{"quota set eng --yes --force --limit gpus:0", "eng is guaranteed nothing, and may have gpus:0\n"},
		{"quota remove eng/web -y", "eng/web has no guarantee and no limit now\n"},
		{"weight set eng 0", `usage: "0" is no weight; write a number above 0, such as 2`},
		{"weight set eng 2.5", "asked: Give role eng the weight 2.5? All offers are taken back if a framework is in it."},
		{"weight set eng 2.5 -y", "eng has the weight 2.5\n"},
		{"offers rescind m-O7 m-O8", "took offer m-O7 back\ntook offer m-O8 back\n"},
	} {
		if got := run(t, m, test.line); got != test.prints {
			t.Errorf("%s prints %q, want %q", test.line, got, test.prints)
		}
	}
	want := []string{
		`PUT /reeve/v1/quota {"role":"eng/web","guarantee":{"cpus":1},"limit":{"cpus":4}}`,
		`PUT /reeve/v1/quota {"role":"eng","limit":{"gpus":0},"force":true}`,
		`DELETE /reeve/v1/quota/eng%2Fweb `,
		`PUT /reeve/v1/weights {"role":"eng","weight":2.5}`,
		`POST /reeve/v1/offers/m-O7/rescind `, `POST /reeve/v1/offers/m-O8/rescind `,
	}
	if diff := cmp.Diff(want, m.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	m.fail = "the cluster is too small"
	if got := run(t, m, "quota set eng --yes --limit cpus:4"); got != m.fail {
		t.Errorf("a refusal is told as %q", got)
	}
}
