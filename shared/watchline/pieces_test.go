package watchline

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// each is what EachTask answers of a list that comes in pieces of a size.
func each(in io.Reader, size int) (tasks []reeveapi.Task, err error) {
	var r Reader
	err = r.eachTask(in, make([]byte, 0, size), func(t *reeveapi.Task) { tasks = append(tasks, *t) })
	return tasks, err
}

// TestPiecesAreTheWhole reads lists of tasks in pieces of any size, also such as masters do not write them: what comes is what
// is read of the whole.
func TestPiecesAreTheWhole(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.SampledFrom([]string{"web-1", "", `},{"id":`, `"`, `\`, "ü\n", `a","b`})
		out := []byte("[")
		for i := range rapid.IntRange(0, 12).Draw(rt, "tasks") {
			task := reeveapi.Task{ID: text.Draw(rt, "id"), Name: text.Draw(rt, "name"), State: "TASK_RUNNING", Message: text.Draw(rt, "message")}
			if rapid.Bool().Draw(rt, "history") {
				task.History = []reeveapi.TaskStep{{State: "TASK_STAGING"}, {State: "TASK_RUNNING", Message: text.Draw(rt, "step")}}
			}
			if i > 0 {
				out = append(out, ',')
			}
			var err error
			if out, err = AppendTask(out, &task); err != nil {
				rt.Fatal(err)
			}
			if strange := rapid.IntRange(0, 20).Draw(rt, "strange"); strange == 0 {
				out = append(out[:len(out)-1], rapid.SampledFrom([]string{
					`,"new":[{"id":1},{"id":2}]}`, `,"state":"TASK_LOST"}`, `,"ID":"other"} `, "\n}",
				}).Draw(rt, "end")...)
			}
		}
		out = append(out, "]\n"...)
		var want []reeveapi.Task
		if err := json.Unmarshal(out, &want); err != nil {
			rt.Fatal(err)
		}
		in := io.Reader(bytes.NewReader(out))
		if rapid.Bool().Draw(rt, "slow") {
			in = iotest.OneByteReader(in)
		}
		got, err := each(in, rapid.IntRange(1, 700).Draw(rt, "size"))
		if err != nil {
			rt.Fatal(err)
		}
		if len(want) == 0 {
			want = nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("(-whole +pieces):\n%s\nof %s", diff, out)
		}
	})
}

// TestPiecesThatAreNoList checks that what breaks off, or is something else, is an error.
func TestPiecesThatAreNoList(t *testing.T) {
	broken := errors.New("broken")
	const one = `{"id":"a","framework":"f"}`
	for _, text := range []string{"", "[", "[" + one, "[" + one + ",", "[" + one + "," + one, `{"error":"x"}`, "[" + one + "}", "[" + one + "] x", "[" + one + `,{"id":7}]`} {
		if _, err := each(strings.NewReader(text), 30); err == nil {
			t.Errorf("%q is read", text)
		}
	}
	if _, err := each(io.MultiReader(strings.NewReader("["+one+","+one), iotest.ErrReader(broken)), 30); !errors.Is(err, broken) {
		t.Errorf("a stream that broke: %v", err)
	}
	if got, err := each(strings.NewReader("null"), 30); err != nil || len(got) != 0 {
		t.Errorf("null: %v, %v", got, err)
	}
}
