package recordio_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/recordio"
)

func readAll(in io.Reader, limit int) ([]string, error) {
	var records []string
	r := recordio.NewReader(in, limit)
	for {
		record, err := r.Read()
		if err != nil {
			return records, err
		}
		records = append(records, string(record))
	}
}

func TestRead(t *testing.T) {
	const stream = "5\nhello0\n11\n{\"a\":\n\"b\"}\n007\n1234567"
	want := []string{"hello", "", "{\"a\":\n\"b\"}\n", "1234567"}
	for name, in := range map[string]io.Reader{
		"at once":       strings.NewReader(stream),
		"byte by byte":  iotest.OneByteReader(strings.NewReader(stream)),
		"data with EOF": iotest.DataErrReader(strings.NewReader(stream)),
	} {
		got, err := readAll(in, 100)
		if diff := cmp.Diff(want, got); diff != "" || !errors.Is(err, io.EOF) {
			t.Errorf("%s: error %v, records (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for stream, want := range map[string]func(error) bool{
		"5":                         func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) },
		"5\nhell":                   func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) },
		"\n":                        func(err error) bool { return fault.KindOf(err) == fault.Invalid },
		"-1\n":                      func(err error) bool { return fault.KindOf(err) == fault.Invalid },
		"5\r\nhello":                func(err error) bool { return fault.KindOf(err) == fault.Invalid },
		"101\n":                     func(err error) bool { return fault.KindOf(err) == fault.Exhausted },
		"99999999999999999999999\n": func(err error) bool { return fault.KindOf(err) == fault.Exhausted },
		"00000000000000000000001\n": func(err error) bool { return fault.KindOf(err) == fault.Invalid },
	} {
		if _, err := readAll(strings.NewReader(stream), 100); !want(err) {
			t.Errorf("%q: unexpected error %v", stream, err)
		}
	}
	broken := errors.New("line cut")
	if _, err := readAll(iotest.ErrReader(broken), 100); !errors.Is(err, broken) {
		t.Errorf("a broken stream gives %v, want %v", err, broken)
	}
}

// Every record is one write and one flush, in this order.
func TestWrite(t *testing.T) {
	var log []string
	out := writerFunc(func(p []byte) (int, error) { log = append(log, string(p)); return len(p), nil })
	w := recordio.NewWriter(out, func() error { log = append(log, "flush"); return nil })
	for _, record := range []string{"hello", ""} {
		if err := w.Write([]byte(record)); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"5\nhello", "flush", "0\n", "flush"}, log); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	full := errors.New("no space")
	if err := recordio.NewWriter(out, func() error { return full }).Write(nil); !errors.Is(err, full) {
		t.Errorf("a flush that fails gives %v, want %v", err, full)
	}
	failing := writerFunc(func([]byte) (int, error) { return 0, full })
	if err := recordio.NewWriter(failing, nil).Write(nil); !errors.Is(err, full) {
		t.Errorf("a write that fails gives %v, want %v", err, full)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func FuzzRead(f *testing.F) {
	f.Add([]byte("5\nhello0\n"))
	f.Add([]byte("007\n1234567"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		records, _ := readAll(bytes.NewReader(stream), 1<<16)
		var framed []byte
		for _, record := range records {
			framed = recordio.Append(framed, []byte(record))
		}
		again, err := readAll(bytes.NewReader(framed), 1<<16)
		if diff := cmp.Diff(records, again); diff != "" || !errors.Is(err, io.EOF) {
			t.Fatalf("what was read is not what is read again: %v\n%s", err, diff)
		}
	})
}
