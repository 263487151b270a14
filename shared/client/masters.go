package client

import (
	"context"
	"net/http"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// StepDown has the leading master hand leadership to another one: to the one named, or, if to is "", the one that is most up
// to date. It returns when that leads.
func (c *Client) StepDown(ctx context.Context, to string) (*reeveapi.SteppedDown, error) {
	return change[*reeveapi.SteppedDown](ctx, c, http.MethodPost, "/masters/step-down", reeveapi.StepDown{To: to})
}
