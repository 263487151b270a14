package jobfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf16"
)

// plain makes YAML of a JSON text, which it nearly is: YAML lacks two escapes of JSON's strings, \/ and pairs of surrogates. What
// gets shorter is made up for after the string, so that every key stays at its line and column. Other texts stay as they are.
func plain(text []byte) []byte {
	if !json.Valid(bytes.TrimPrefix(text, []byte("\ufeff"))) {
		return text
	}
	out := make([]byte, 0, len(text))
	inside, short := false, 0
	for i := 0; i < len(text); i++ {
		switch {
		case inside && text[i] == '\\':
			escape, taken := escaped(text[i:])
			out = append(out, escape...)
			short += taken - len(escape)
			i += taken - 1
		case text[i] == '"':
			out = append(out, '"')
			if inside = !inside; !inside {
				out, short = append(out, bytes.Repeat([]byte{' '}, short)...), 0
			}
		default:
			out = append(out, text[i])
		}
	}
	return out
}

// escaped is YAML for the escape at the beginning of text, and how many bytes of text that was.
func escaped(text []byte) (escape string, taken int) {
	switch text[1] {
	case '/':
		return "/", 2
	case 'u':
	default:
		return string(text[:2]), 2
	}
	first := unit(text)
	if !utf16.IsSurrogate(first) {
		return string(text[:6]), 6
	}
	if len(text) > 12 && text[6] == '\\' && text[7] == 'u' {
		if r := utf16.DecodeRune(first, unit(text[6:])); r != '\ufffd' {
			return fmt.Sprintf(`\U%08X`, r), 12
		}
	}
	return `\uFFFD`, 6 // half of a pair is no letter; JSON's readers take it for this one, too
}

// unit reads the four digits of \u1234, which are there: the text is valid.
func unit(text []byte) rune {
	n, err := strconv.ParseUint(string(text[2:6]), 16, 32)
	if err != nil {
		return '\ufffd'
	}
	return rune(n)
}
