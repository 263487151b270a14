package watchline

import (
	"bytes"
	"errors"
	"io"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// piece is how much of a list of tasks is read before its tasks are: so much memory is used again and again, and the rest of
// the list is on its way meanwhile.
const piece = 128 << 10

// between are two tasks, as masters write them. No text can contain it: a quote in a text has a backslash before it.
var between = []byte(`},{"id":`)

// EachTask is Tasks for very many: it calls do for each task of the list that in holds, while the list comes. What do is given
// is its own only as long as it is called, but for texts and maps. It fails as reading does, or if that is no list of tasks;
// do may have been called by then.
func (r *Reader) EachTask(in io.Reader, do func(*reeveapi.Task)) error {
	return r.eachTask(in, make([]byte, 0, piece), do)
}

func (r *Reader) eachTask(in io.Reader, text []byte, do func(*reeveapi.Task)) error {
	for begun := false; ; {
		n, err := io.ReadFull(in, text[len(text):cap(text)])
		text = text[:len(text)+n]
		ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !ended {
			return err
		}
		if !begun && len(text) > 0 && text[0] == '[' {
			text, begun = append(text[:0], text[1:]...), true
		}
		cut := bytes.LastIndex(text, between) + 1
		if ended || !begun || cut > 0 && !r.some(text[:cut], do) {
			return r.rest(in, text, begun, do)
		}
		if cut > 0 {
			text = append(text[:0], text[cut+1:]...)
		} else if len(text) == cap(text) {
			text = append(text, 0)[:len(text)] // a task is larger than what was read
		}
	}
}

// some reads tasks with commas between them; false if there is anything unusual in them, and nothing was done.
func (r *Reader) some(text []byte, do func(*reeveapi.Task)) bool {
	if len(r.part) == 0 {
		r.part = make([]reeveapi.Task, piece/256)
	}
	r.recall()
	s := &scanner{reader: r, text: text}
	n := 0
	for more := true; more && !s.bad; n++ {
		if n == len(r.part) {
			r.part = append(r.part, make([]reeveapi.Task, n)...)
		}
		r.part[n] = reeveapi.Task{}
		object(s, &r.part[n], taskFields)
		more = s.take(',')
	}
	if s.space(); s.bad || s.at < len(text) {
		return false
	}
	for i := range r.part[:n] {
		do(&r.part[i])
	}
	return true
}

// rest reads what is left of a list as a whole.
func (r *Reader) rest(in io.Reader, text []byte, begun bool, do func(*reeveapi.Task)) error {
	var whole bytes.Buffer
	if begun {
		whole.WriteByte('[')
	}
	whole.Write(text)
	if _, err := whole.ReadFrom(in); err != nil {
		return err
	}
	tasks, err := r.Tasks(whole.Bytes())
	if err != nil {
		return err
	}
	for i := range tasks {
		do(&tasks[i])
	}
	return nil
}
