package client

import (
	"errors"
	"net"
	"slices"
	"strings"
)

// Tried is what a master said when it was asked last, and did not serve.
type Tried struct {
	Master string // as Options has it, or as another master named it
	Said   string // for people, in a few words
}

// Tried is what masters have said since one served a request last, each its newest word, in the order in which they were asked.
func (c *Client) Tried() []Tried {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.tried)
}

// note keeps what a master answered; err is nil if it served the request.
func (c *Client) note(master string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.tried = nil
		return
	}
	said := Tried{c.named(master), short(err)}
	if i := slices.IndexFunc(c.tried, func(t Tried) bool { return t.Master == said.Master }); i >= 0 {
		c.tried[i] = said
		return
	}
	c.tried = append(c.tried, said)
}

// short leaves of the network's errors what they end with: the address stands beside it.
func short(err error) string {
	text := err.Error()
	if other, further := errors.AsType[*elsewhere](err); further {
		return "not the leader, that is " + other.master
	}
	if _, network := errors.AsType[net.Error](err); network {
		if at := strings.LastIndex(text, ": "); at >= 0 {
			return text[at+len(": "):]
		}
	}
	return text
}
