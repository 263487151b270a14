package reeveapi

// Session is a console that somebody opened or left on a machine that serves consoles: POST /reeve/v1/sessions notes it
// among the events, as CONSOLE_OPENED or CONSOLE_CLOSED. Who it is says UserHeader.
type Session struct {
	ID       string `json:"id"`
	From     string `json:"from"`          // the address somebody came from
	Key      string `json:"key,omitempty"` // fingerprint of what proved who it is
	ReadOnly bool   `json:"read_only,omitempty"`
	Closed   string `json:"closed,omitempty"` // how it ended, "" when it begins
}
