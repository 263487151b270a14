package mesoshttp

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestPiecesArriveWhole asks for long and short answers that are made in pieces, packed and not: they are what was made.
func TestPiecesArriveWhole(t *testing.T) {
	for _, n := range []int{0, 1, 3 * piece / 1000, 10 * piece / 1000} {
		want := bytes.Repeat([]byte("0123456789"), 100*n)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p := NewPieces(w, r, "text/x-test")
			for range n {
				p.Text = append(p.Text, want[:1000]...)
				p.Send()
			}
			p.End()
		}))
		for _, packed := range []bool{false, true} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Accept-Encoding", map[bool]string{false: "identity", true: "gzip"}[packed])
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			in := io.Reader(answer.Body)
			if answer.Header.Get("Content-Encoding") == "gzip" {
				if in, err = gzip.NewReader(in); err != nil {
					t.Fatal(err)
				}
			} else if packed && len(want) >= gzipMin {
				t.Errorf("%d bytes are not packed", len(want))
			}
			got, err := io.ReadAll(in)
			if err != nil || !bytes.Equal(got, want) || answer.Header.Get("Content-Type") != "text/x-test" {
				t.Errorf("packed=%v: %d bytes of %d, %q, %v", packed, len(got), len(want), answer.Header.Get("Content-Type"), err)
			}
			_ = answer.Body.Close()
		}
		server.Close()
	}
}

// TestPiecesThatBreakOff fails in the middle: who has got a part is not told that this is all, who has got nothing is told why.
func TestPiecesThatBreakOff(t *testing.T) {
	failed := errors.New("failed")
	p := NewPieces(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil), "text/plain")
	if err := p.Fail(failed); !errors.Is(err, failed) {
		t.Errorf("at the beginning: %v", err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := NewPieces(w, r, "text/plain")
		p.Text = make([]byte, 2*piece)
		p.Send()
		_ = p.Fail(failed)
	}))
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", "identity")
	answer, err := http.DefaultClient.Do(request)
	if err == nil {
		_, err = io.ReadAll(answer.Body)
		_ = answer.Body.Close()
	}
	if err == nil {
		t.Error("an answer that broke off looks whole")
	}
}
