package arch

import (
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Limits of size. When one hurts, split by noun, never by layer.
const (
	maxFileLines    = 500
	maxPackageLines = 2000 // of code, tests apart
	maxNolints      = 20
)

func TestSizes(t *testing.T) {
	files := tree(t)
	packages := map[string]int{}
	for _, f := range files {
		if f.test || f.generated {
			continue
		}
		packages[f.dir] += f.code
		if f.lines > maxFileLines {
			t.Errorf("%s has %d lines, the most is %d: split it by noun", f.path, f.lines, maxFileLines)
		}
	}
	for dir, lines := range packages {
		if lines > maxPackageLines {
			t.Errorf("%s has %d lines of code, the most is %d: split it by noun", dir, lines, maxPackageLines)
		}
	}
}

// guides matches a package comment that says where to start: in words, or by a map of its files.
var guides = regexp.MustCompile(`(?i)start\s+reading|\n\s+\w+\.go\s`)

func TestEveryPackageSaysWhatItOwns(t *testing.T) {
	files := tree(t)
	docs := map[string][]string{}
	for _, f := range files {
		if f.test {
			continue
		}
		if _, ok := docs[f.dir]; !ok {
			docs[f.dir] = nil
		}
		if f.syntax.Doc != nil && !f.generated {
			docs[f.dir] = append(docs[f.dir], f.syntax.Doc.Text())
		}
	}
	for dir, texts := range docs {
		switch {
		case len(texts) != 1:
			t.Errorf("%s has %d package comments, every package has exactly one", dir, len(texts))
		case strings.HasPrefix(texts[0], "Command "):
		case !guides.MatchString(texts[0]):
			t.Errorf("the package comment of %s does not say where to start reading", dir)
		}
	}
}

// spawners may write a go statement: the two packages that own goroutines, the servers' edges, and tests.
var spawners = []string{"shared/loop", "shared/run", "shared/localcluster", "masterd/agentlink"}

func TestGoroutinesHaveOwners(t *testing.T) {
	files := tree(t)
	for _, f := range files {
		if f.test || f.generated || slices.Contains(spawners, f.dir) {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if stmt, ok := n.(*ast.GoStmt); ok {
				t.Errorf("%s: a bare go statement; start it through run.Group, so that somebody waits for it", positions.Position(stmt.Pos()))
			}
			return true
		})
	}
}

func TestNolintsStayFew(t *testing.T) {
	files := tree(t)
	var found []string
	for _, f := range files {
		for _, group := range f.syntax.Comments {
			for _, c := range group.List {
				if strings.HasPrefix(c.Text, "//nolint") {
					found = append(found, f.path+": "+c.Text)
				}
			}
		}
	}
	if len(found) > maxNolints {
		t.Errorf("%d nolint comments, the most is %d:\n%s", len(found), maxNolints, strings.Join(found, "\n"))
	}
}

func TestTopLevelIsTheLayout(t *testing.T) {
	allowed := []string{"tui", "masterd", "agentd", "shared", "vagrant"}
	files := tree(t)
	for _, f := range files {
		top, _, nested := strings.Cut(f.path, "/")
		if !nested || !slices.Contains(allowed, top) {
			t.Errorf("%s: Go code lives in %v", f.path, allowed)
		}
		if bad := path.Base(f.dir); slices.Contains([]string{"util", "utils", "common", "types", "helpers", "models", "interfaces", "misc"}, bad) {
			t.Errorf("%s: %q says nothing; name the package after what it owns", f.path, bad)
		}
	}
}
