package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/watchline"
)

// TaskQuery asks for less than all of all tasks. Masters that do not know a part of it answer more.
type TaskQuery struct {
	Live   bool     // those that have not ended
	Fields []string // only these keys of each, id among them; all if there are none
}

// Tasks returns the tasks, ended ones included while they are remembered. Their maps must not be changed: those of one may be
// another's.
func (c *Client) Tasks(ctx context.Context) ([]reeveapi.Task, error) {
	return c.QueryTasks(ctx, TaskQuery{})
}

// QueryTasks is Tasks for whoever needs less.
func (c *Client) QueryTasks(ctx context.Context, q TaskQuery) ([]reeveapi.Task, error) {
	answer, err := c.leadFor(ctx, q.request())
	if err != nil || len(answer.body) == 0 {
		return nil, err
	}
	var reader watchline.Reader // there may be very many
	tasks, err := reader.Tasks(answer.body)
	return tasks, unreadable(err)
}

// EachTask is QueryTasks for whoever needs one task after the other, while others are on their way. What do is given is good
// only inside of the call, but for its texts.
func (c *Client) EachTask(ctx context.Context, q TaskQuery, do func(*reeveapi.Task)) error {
	answer, err := c.lead(ctx, q.request())
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // nothing was written
	var reader watchline.Reader
	body := &counted{in: io.LimitReader(answer.Body, maxAnswer+1)}
	err = reader.EachTask(body, do)
	switch {
	case body.n == 0 && body.err == nil:
		return nil
	case body.n > maxAnswer:
		return fault.New(fault.Exhausted, "the answer is larger than %d bytes", maxAnswer)
	case body.err != nil:
		return fault.Wrap(fault.Unavailable, body.err, "the answer broke off")
	}
	return unreadable(err)
}

// counted notes how much was read, and why no more was.
type counted struct {
	in  io.Reader
	n   int64
	err error // nil at the end
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	if c.n += int64(n); err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

func (q TaskQuery) request() request {
	var parts []string
	if q.Live {
		parts = append(parts, "live=1")
	}
	if len(q.Fields) > 0 {
		parts = append(parts, "fields="+strings.Join(q.Fields, ","))
	}
	path := base + "/tasks"
	if len(parts) > 0 {
		path += "?" + strings.Join(parts, "&")
	}
	return request{method: http.MethodGet, path: path, again: true}
}
