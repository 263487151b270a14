package mesoshttp

import "net/http"

// piece is from how many bytes on a part of an answer is sent on its way.
const piece = 128 << 10

// Pieces is a long answer that is sent while it is made, so that who asked reads one part while the next is written. For
// who wants it packed it is kept until its end: then it is small, and far away most probably.
type Pieces struct {
	Text []byte // what is to be sent next; whoever makes the answer appends to it

	w     http.ResponseWriter
	r     *http.Request
	kind  string
	begun bool
}

// NewPieces begins an answer of a content type.
func NewPieces(w http.ResponseWriter, r *http.Request, contentType string) *Pieces {
	return &Pieces{w: w, r: r, kind: contentType, Text: make([]byte, 0, piece+piece/8)}
}

// Send sends what there is, if that is worth it.
func (p *Pieces) Send() {
	if len(p.Text) < piece || p.r.Method != http.MethodGet || !p.begun && acceptsGzip(p.r) {
		return
	}
	if !p.begun {
		p.w.Header().Set("Content-Type", p.kind)
		p.begun = true
	}
	_, _ = p.w.Write(p.Text) // the peer has left; nobody is there to be told
	p.Text = p.Text[:0]
}

// End sends the rest.
func (p *Pieces) End() {
	if !p.begun {
		Write(p.w, p.r, http.StatusOK, p.kind, p.Text)
		return
	}
	_, _ = p.w.Write(p.Text) // the peer has left; nobody is there to be told
}

// Fail is for what goes wrong on the way: err, if the peer can still be told; otherwise the answer breaks off.
func (p *Pieces) Fail(err error) error {
	if p.begun {
		panic(http.ErrAbortHandler)
	}
	return err
}
