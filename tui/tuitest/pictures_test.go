package tuitest

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/tui/keys"
)

// docs is where what is made from the code for readers is kept.
const docs = "../../shared/docs/"

// TestPictures keeps the pictures of README and docs true: they are what the console shows; -update makes them anew.
func TestPictures(t *testing.T) {
	t.Parallel()
	for _, picture := range []struct {
		name string
		keys []string
	}{
		{"overview", nil},
		{"task", []string{"3", "/", "api.3", "enter", "enter"}},
		{"form", []string{"n", "web canary", "tab", "tab", "./srv --port $PORT0"}},
	} {
		t.Run(picture.name, func(t *testing.T) {
			Run(t, Options{W: 110, H: 32, Look: "dark"}, func(c *Console) {
				c.Press(picture.keys...)
				compare(t, docs+"pictures/"+picture.name+".svg", c.Picture())
			})
		})
	}
}

// TestKeysPage keeps the page of keys true.
func TestKeysPage(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("# Keys of the console\n\nMade from the console's own table by `make pictures`. `?` shows those of the screen one is on. Keys with … ask before\nthey change anything.\n")
	scope := keys.Scope("")
	for _, binding := range keys.Table() {
		if binding.Scope != scope {
			scope = binding.Scope
			name := string(scope)
			fmt.Fprintf(&b, "\n## %s\n\n| key | does |\n| --- | --- |\n", strings.ToUpper(name[:1])+name[1:])
		}
		var names []string
		for _, k := range binding.Keys {
			names = append(names, "`"+strings.ReplaceAll(keys.Name(k), "|", `\|`)+"`")
		}
		fmt.Fprintf(&b, "| %s | %s |\n", strings.Join(names, " "), binding.Help)
	}
	compare(t, docs+"keys.md", b.String())
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; make pictures writes it", err)
	}
	if string(want) != got {
		t.Errorf("%s is not what the console shows now; make pictures makes it anew", path)
	}
}
