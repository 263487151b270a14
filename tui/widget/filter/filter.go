// Package filter reads what an operator types behind "/": words that must all occur, !not, /regular expressions/, ~fuzzy,
// field:value and field>number. It never keeps rows. Start reading at Parse.
package filter

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Field is one thing that can be asked of a row. Fields without a name are only looked into by plain words.
type Field[T any] struct {
	Name   string
	Free   bool // plain words look here
	Moves  bool // it changes with time, though the row does not
	Text   func(*T) string
	Number func(*T) (float64, bool) // for < and >; false if the row has none
}

// Filter says whether a row passes.
type Filter[T any] func(*T) bool

// Parse reads a filter. An empty text is nil, which passes everything. A text that cannot be read is an error whose text
// says why; regular expressions are RE2, so none of them can take long.
func Parse[T any](text string, fields []Field[T]) (Filter[T], error) {
	terms, err := split(text)
	if err != nil {
		return nil, err
	}
	var all []Filter[T]
	for _, term := range terms {
		f, err := parseTerm(term, fields)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	if len(all) == 0 {
		return nil, nil
	}
	return func(row *T) bool {
		for _, f := range all {
			if !f(row) {
				return false
			}
		}
		return true
	}, nil
}

// Moves says whether a filter asks for something that changes with time.
func Moves[T any](text string, fields []Field[T]) bool {
	terms, _ := split(text) // one that cannot be read is never asked
	for _, term := range terms {
		term = strings.ToLower(strings.TrimLeft(term, "!"))
		i := strings.IndexAny(term, ":<>")
		if i > 0 && slices.ContainsFunc(fields, func(f Field[T]) bool { return f.Moves && f.Name == term[:i] }) {
			return true
		}
	}
	return false
}

// split cuts at spaces, but not inside of /…/.
func split(text string) ([]string, error) {
	var out []string
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		from := 0
		if strings.HasPrefix(text, "!") {
			from = 1
		}
		if !strings.HasPrefix(text[from:], "/") {
			term, rest, _ := strings.Cut(text, " ")
			out, text = append(out, term), rest
			continue
		}
		end := strings.Index(text[from+1:], "/")
		if end < 0 {
			return nil, fmt.Errorf("%s has no closing /", text)
		}
		end += from + 2
		out, text = append(out, text[:end]), text[end:]
	}
	return out, nil
}

func parseTerm[T any](term string, fields []Field[T]) (Filter[T], error) {
	if rest, not := strings.CutPrefix(term, "!"); not && rest != "" {
		f, err := parseTerm(rest, fields)
		if err != nil {
			return nil, err
		}
		return func(row *T) bool { return !f(row) }, nil
	}
	switch {
	case len(term) > 1 && term[0] == '/':
		rx, err := regexp.Compile("(?i)" + term[1:len(term)-1])
		if err != nil {
			return nil, fmt.Errorf("%s is not a regular expression", term)
		}
		return anywhere(fields, rx.MatchString), nil
	case len(term) > 1 && term[0] == '~':
		want := strings.ToLower(term[1:])
		return anywhere(fields, func(s string) bool { return fuzzy(strings.ToLower(s), want) }), nil
	}
	if i := strings.IndexAny(term, ":<>"); i > 0 {
		for _, f := range fields {
			if f.Name != "" && f.Name == strings.ToLower(term[:i]) {
				return parseField(f, term[i], term[i+1:])
			}
		}
		if term[i] != ':' {
			return nil, fmt.Errorf("there is no field %s; there are %s", term[:i], names(fields))
		}
	}
	want := strings.ToLower(term)
	return anywhere(fields, func(s string) bool { return contains(s, want) }), nil
}

// contains says whether s has want in it, which is in small letters; letters of s may be of either kind. It is asked for
// every field of every row at every letter that is typed, so plain ASCII makes no garbage.
func contains(s, want string) bool {
	if want == "" {
		return true
	}
	for i := range len(s) {
		if s[i] >= 0x80 {
			return strings.Contains(strings.ToLower(s), want)
		}
	}
	for i := 0; i+len(want) <= len(s); i++ {
		if lower(s[i]) == want[0] && begins(s[i:], want) {
			return true
		}
	}
	return false
}

func begins(s, want string) bool {
	for i := range len(want) {
		if lower(s[i]) != want[i] {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func names[T any](fields []Field[T]) string {
	var out []string
	for _, f := range fields {
		if f.Name != "" {
			out = append(out, f.Name)
		}
	}
	return strings.Join(out, ", ")
}

func parseField[T any](f Field[T], op byte, value string) (Filter[T], error) {
	if op == ':' {
		if f.Text == nil {
			return nil, fmt.Errorf("%s is a number: write %s>1", f.Name, f.Name)
		}
		want := strings.ToLower(value)
		return func(row *T) bool { return contains(f.Text(row), want) }, nil
	}
	if f.Number == nil {
		return nil, fmt.Errorf("%s is not a number: write %s:…", f.Name, f.Name)
	}
	limit, err := number(value)
	if err != nil {
		return nil, err
	}
	return func(row *T) bool {
		v, known := f.Number(row)
		return known && (op == '<' && v < limit || op == '>' && v > limit)
	}, nil
}

// number reads 1.5, 512M, 2G (in MB) and 5m, 3h, 2d (in seconds). M is megabytes and m minutes.
func number(s string) (float64, error) {
	units := map[string]float64{"K": 1.0 / 1024, "M": 1, "G": 1024, "T": 1 << 20, "s": 1, "m": 60, "h": 3600, "d": 86400, "%": 0.01}
	if s != "" {
		if scale, ok := units[s[len(s)-1:]]; ok {
			v, err := strconv.ParseFloat(s[:len(s)-1], 64)
			if err == nil {
				return v * scale, nil
			}
		}
		if v, err := strconv.ParseFloat(s, 64); err == nil {
			return v, nil
		}
		if d, err := time.ParseDuration(s); err == nil {
			return d.Seconds(), nil
		}
	}
	return 0, fmt.Errorf("%q is not a number; write 1.5, 512M, 2G, 5m or 3h", s)
}

func anywhere[T any](fields []Field[T], match func(string) bool) Filter[T] {
	return func(row *T) bool {
		for _, f := range fields {
			if f.Free && match(f.Text(row)) {
				return true
			}
		}
		return false
	}
}

// fuzzy says whether the letters of want occur in s in this order.
func fuzzy(s, want string) bool {
	for _, r := range want {
		i := strings.IndexRune(s, r)
		if i < 0 {
			return false
		}
		s = s[i+len(string(r)):]
	}
	return true
}
