package httpapi

import (
	"net/http"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// longestNote bounds each text of a session, in bytes: events are kept in memory.
const longestNote = 256

// session notes among the events that a console was opened or left.
func (a *api) session(w http.ResponseWriter, r *http.Request, t Term) error {
	var s reeveapi.Session
	if err := mesoshttp.ReadAPI(w, r, &s); err != nil {
		return err
	}
	for name, text := range map[string]string{"id": s.ID, "from": s.From, "key": s.Key, "closed": s.Closed} {
		if len(text) > longestNote {
			return fault.New(fault.Invalid, "%s has %d bytes, and may have %d", name, len(text), longestNote)
		}
	}
	if s.ID == "" {
		return fault.New(fault.Invalid, "id is empty; it tells the sessions apart")
	}
	access := "read-write"
	if s.ReadOnly {
		access = "read-only"
	}
	e := reeveapi.Event{At: time.Now(), Kind: "CONSOLE_OPENED", Subject: who(r), ID: s.ID, Who: who(r)}
	e.Text = access + " from " + s.From
	if s.Key != "" {
		e.Text += " with " + s.Key
	}
	if s.Closed != "" {
		e.Kind, e.Text = "CONSOLE_CLOSED", s.Closed
	}
	t.Note(e)
	mesoshttp.WriteEmpty(w, r, http.StatusNoContent)
	return nil
}
