// Command fuzz runs every fuzz target of the tree for a while each, one after the other; go test can only run one.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

func main() {
	each := flag.Duration("time", 30*time.Second, "how long each target runs")
	flag.Parse()
	if err := run(*each); err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
}

// target matches the declaration of a fuzz target in what git grep prints: the file, then the name.
var target = regexp.MustCompile(`(?m)^(.*)/[^/]*_test\.go:func (Fuzz\w+)\(`)

func run(each time.Duration) error {
	out, err := exec.Command("git", "grep", "-E", `^func Fuzz\w+\(`, "--", "*_test.go").Output()
	if err != nil {
		return fmt.Errorf("find the fuzz targets: %w", err)
	}
	found := target.FindAllSubmatch(out, -1)
	for i, m := range found {
		dir, name := string(m[1]), string(m[2])
		fmt.Printf("[%d of %d] %s in %s, %s\n", i+1, len(found), name, dir, each)
		cmd := exec.Command("go", "test", "-run=^$", "-fuzz=^"+name+"$", "-fuzztime="+each.String(), "./"+dir)
		if msg, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s in %s: %w\n%s", name, dir, err, strings.TrimSpace(string(bytes.TrimSpace(msg))))
		}
	}
	return nil
}
