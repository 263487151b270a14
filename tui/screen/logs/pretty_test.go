package logs

import "testing"

func TestPretty(t *testing.T) {
	for line, want := range map[string]string{
		"plain text": "plain text",
		"{not json}": "{not json}",
		`{"a":1} {}`: `{"a":1} {}`,
		`{"a":1}{}`:  `{"a":1}{}`,
		`[1,2]`:      `[1,2]`,
		`{}`:         `{}`,
		`{"path":"/","msg":"served","level":"info","ts":1.5}`:         "1.5 info served  path=/",
		`{"msg":"two words","user":"a b","n":null,"x":{"y": [1, 2]}}`: `two words  user="a b" n=null x={"y":[1,2]}`,
		`{"time":"12:04","error":"a\nb\tc"}`:                          "12:04 a | b c",
		`{"q":"","e":"k=v"}`:                                          `q="" e="k=v"`,
	} {
		if got := pretty(line); got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
}

// FuzzPretty checks that whatever a task writes is one line, and that what is no object is left alone.
func FuzzPretty(f *testing.F) {
	f.Add(`{"msg":"x","a":[1,{"b":2}]}`)
	f.Add(`{"msg":`)
	f.Fuzz(func(t *testing.T, line string) {
		got := pretty(line)
		if _, ok := object(line); !ok && got != line && len(line) > 0 && line[0] != ' ' && line[0] != '\t' && line[0] != '\n' {
			t.Errorf("%q became %q", line, got)
		}
	})
}
