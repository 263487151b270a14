package list

import "time"

// rests is how long a cursor must stay on a row before anybody is asked about it: who scrolls through a list asks nobody.
const rests = 400 * time.Millisecond

// Peek is the row that a preview shows. The zero value is for a preview that was never drawn.
type Peek struct {
	ID string // of the row, "" if none is shown

	since time.Time // when it came to be that row
	drawn bool      // since the last Flip
}

// Look notes that a row is being drawn, and says whether it is another one than before.
func (p *Peek) Look(id string, now time.Time) (other bool) {
	p.drawn = true
	if other = id != p.ID; other {
		p.ID, p.since = id, now
	}
	return other
}

// Flip is called once in each frame, after the preview was drawn, if it was.
func (p *Peek) Flip() {
	if !p.drawn {
		p.ID = ""
	}
	p.drawn = false
}

// Rests says whether a row is shown, and has been for a while.
func (p *Peek) Rests(now time.Time) bool { return p.ID != "" && now.Sub(p.since) >= rests }
