// Package export writes the rows of a list for other programs. It neither chooses rows nor writes files. Start reading at CSV.
package export

import (
	"encoding/csv"
	"encoding/json"
	"strings"
)

// CSV is the rows below a line of titles, as RFC 4180 has it.
func CSV(titles []string, rows [][]string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	if err := w.WriteAll(append([][]string{titles}, rows...)); err != nil {
		return "" // a Builder takes everything
	}
	return b.String()
}

// Lines is each row as an object of JSON on a line of its own; keys are the titles in small letters.
func Lines(titles []string, rows [][]string) string {
	var b strings.Builder
	for _, row := range rows {
		m := map[string]string{}
		for i, t := range titles {
			m[strings.ToLower(strings.ReplaceAll(t, " ", "_"))] = row[i]
		}
		line, err := json.Marshal(m)
		if err != nil {
			continue // strings can be encoded
		}
		b.Write(append(line, '\n'))
	}
	return b.String()
}
