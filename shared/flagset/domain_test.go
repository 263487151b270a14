package flagset

import (
	"os"
	"path/filepath"
	"testing"
)

func TestParseDomain(t *testing.T) {
	const good = `{"fault_domain":{"region":{"name":"eu"},"zone":{"name":"eu-1"}}}`
	file := filepath.Join(t.TempDir(), "domain.json")
	if err := os.WriteFile(file, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	for text, ok := range map[string]bool{
		"": true, good: true, file: true, "file://" + file: true,
		"/no/such/file": false, "eu": false, "{}": false, `{"fault_domain":{"region":{"name":"eu"}}}`: false,
		`{"fault_domain":{"region":{"name":"eu"},"zone":{"name":""}}}`: false,
	} {
		d, err := parseDomain(text)
		if (err == nil) != ok || ok && text != "" && d.GetFaultDomain().GetZone().GetName() != "eu-1" || text == "" && d != nil {
			t.Errorf("%q is %v, %v", text, d, err)
		}
	}
}
