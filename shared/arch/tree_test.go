package arch

import (
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// module is the prefix of our own import paths.
const module = "codeberg.org/reeve/reeve/"

// file is one Go file of the tree.
type file struct {
	path      string // from the repository's root
	dir       string // its package's folder
	test      bool
	generated bool
	syntax    *ast.File
	lines     int // of the file
	code      int // that hold code: neither blank nor comment alone
	imports   []string
}

// tree returns every Go file of the main module. The tests share it and only read it.
func tree(t *testing.T) []file {
	t.Helper()
	files, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 50 {
		t.Fatalf("found %d Go files below %s: the rules would be checked against nothing", len(files), root)
	}
	return files
}

// root is where the module begins.
var root = filepath.Join("..", "..")

// positions says where in the files a thing of their syntax stands.
var positions = token.NewFileSet()

// parsed parses the files, once for all tests: with the race detector that takes seconds.
var parsed = sync.OnceValues(func() (files []file, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skip(path, d.Name())
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		f, err := parse(path)
		files = append(files, f)
		return err
	})
	return files, err
})

// skip leaves out hidden folders, test data and nested modules.
func skip(path, name string) error {
	if path == root {
		return nil
	}
	_, err := os.Stat(filepath.Join(path, "go.mod"))
	if strings.HasPrefix(name, ".") || name == "testdata" || name == "bin" || err == nil {
		return filepath.SkipDir
	}
	return nil
}

func parse(path string) (file, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return file{}, err
	}
	syntax, err := parser.ParseFile(positions, path, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return file{}, err
	}
	rel, err := filepath.Rel(root, path)
	if err != nil {
		return file{}, err
	}
	f := file{
		path: rel, dir: filepath.Dir(rel), test: strings.HasSuffix(path, "_test.go"),
		generated: ast.IsGenerated(syntax), syntax: syntax,
		lines: strings.Count(string(source), "\n"), code: codeLines(source),
	}
	for _, spec := range syntax.Imports {
		value, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return file{}, err
		}
		f.imports = append(f.imports, value)
	}
	return f, nil
}

// codeLines counts the lines on which a token stands.
func codeLines(source []byte) int {
	fset := token.NewFileSet()
	f := fset.AddFile("", fset.Base(), len(source))
	var s scanner.Scanner
	s.Init(f, source, nil, 0) // without comments
	lines := map[int]bool{}
	for {
		pos, tok, literal := s.Scan()
		if tok == token.EOF {
			return len(lines)
		}
		if tok == token.SEMICOLON && literal == "\n" {
			continue // put in by the scanner
		}
		first := f.Line(pos)
		for line := first; line <= first+strings.Count(literal, "\n"); line++ {
			lines[line] = true
		}
	}
}
