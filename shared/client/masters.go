package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// StepDown has the leading master hand leadership to another one: to the one named, or, if to is "", the one that is most up
// to date. It returns when that leads.
func (c *Client) StepDown(ctx context.Context, to string) (*reeveapi.SteppedDown, error) {
	return change[*reeveapi.SteppedDown](ctx, c, http.MethodPost, "/masters/step-down", reeveapi.StepDown{To: to})
}

// Members lists who takes part in gossip, as the master that answers sees it.
func (c *Client) Members(ctx context.Context) ([]reeveapi.Member, error) {
	return get[[]reeveapi.Member](ctx, c, "/masters/members")
}

// MasterFigures asks a master at an address what it measures of itself; of its samples those that are younger than since.
func (c *Client) MasterFigures(ctx context.Context, masterHTTP string, since time.Time) (*reeveapi.MasterFigures, error) {
	path := base + "/masters/figures"
	if !since.IsZero() {
		path += "?since=" + url.QueryEscape(since.UTC().Format(time.RFC3339Nano))
	}
	answer, err := c.askFor(ctx, masterHTTP, request{method: http.MethodGet, path: path})
	if err != nil {
		return nil, err
	}
	return decode[*reeveapi.MasterFigures](answer)
}
