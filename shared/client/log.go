package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// LogQuery says which piece of a log is wanted. Without Since, Last and Offset it is the oldest kept one.
type LogQuery struct {
	Path   string // of a file of a sandbox
	Since  string // from what was written after that: a duration, or a time as RFC 3339 has it
	Last   int64  // from the beginning of the line in which the last so many bytes begin
	Offset int64  // from that offset, if it is not 0
	Limit  int    // bytes; 0 for what the agent gives
	Times  bool   // also when it was written
}

// Log reads a piece of what a task has written from an agent, "host:port".
func (c *Client) Log(ctx context.Context, agentHTTP string, q LogQuery) (*reeveapi.Log, error) {
	query := url.Values{"path": {q.Path}}
	if q.Since != "" {
		query.Set("since", q.Since)
	}
	for name, n := range map[string]int64{"last": q.Last, "offset": q.Offset, "limit": int64(q.Limit)} {
		if n > 0 {
			query.Set(name, strconv.FormatInt(n, 10))
		}
	}
	if q.Times {
		query.Set("times", "true")
	}
	answer, err := c.askFor(ctx, agentHTTP, request{method: http.MethodGet, path: base + "/log?" + query.Encode()})
	if err != nil {
		return nil, err
	}
	return decode[*reeveapi.Log](answer)
}

// LogStart is the offset at which the oldest kept line of a log begins.
func (c *Client) LogStart(ctx context.Context, agentHTTP, path string) (int64, error) {
	piece, err := c.Log(ctx, agentHTTP, LogQuery{Path: path, Limit: 1})
	if err != nil {
		return 0, err
	}
	return piece.Start, nil
}

// LogSince is the offset from which on a log was written in the time before now, and its size.
func (c *Client) LogSince(ctx context.Context, agentHTTP, path string, ago time.Duration) (offset, size int64, err error) {
	piece, err := c.Log(ctx, agentHTTP, LogQuery{Path: path, Since: ago.String(), Limit: 1})
	if err != nil {
		return 0, 0, err
	}
	return piece.Offset, piece.Size, nil
}

// LogTimes is when what a log holds from an offset on was written; see reeveapi.LogTime.
func (c *Client) LogTimes(ctx context.Context, agentHTTP, path string, offset int64) ([]reeveapi.LogTime, error) {
	piece, err := c.Log(ctx, agentHTTP, LogQuery{Path: path, Offset: offset, Limit: 1, Times: true})
	if err != nil {
		return nil, err
	}
	return piece.Times, nil
}
