package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Roles returns the roles that somebody is in, has something or was told of by an operator, by name.
func (c *Client) Roles(ctx context.Context) ([]reeveapi.Role, error) {
	return get[[]reeveapi.Role](ctx, c, "/roles")
}

// Offers returns the outstanding offers, oldest first.
func (c *Client) Offers(ctx context.Context) ([]reeveapi.Offer, error) {
	return get[[]reeveapi.Offer](ctx, c, "/offers")
}

// RescindOffer takes an offer back, and keeps what was in it from its framework for a minute.
func (c *Client) RescindOffer(ctx context.Context, offer string) error {
	_, err := change[json.RawMessage](ctx, c, http.MethodPost, "/offers/"+url.PathEscape(offer)+"/rescind", nil)
	return err
}

// Explain says why a framework (its id or name) or a job has no offers; one of both is "".
func (c *Client) Explain(ctx context.Context, framework, job string) (*reeveapi.Explanation, error) {
	q := url.Values{}
	if job != "" {
		q.Set("job", job)
	} else {
		q.Set("framework", framework)
	}
	return get[*reeveapi.Explanation](ctx, c, "/explain?"+q.Encode())
}

// SetQuota sets the whole quota of a role.
func (c *Client) SetQuota(ctx context.Context, q reeveapi.Quota) error {
	return c.set(ctx, http.MethodPut, "/quota", q)
}

// RemoveQuota takes a role's quota away.
func (c *Client) RemoveQuota(ctx context.Context, role string) error {
	_, err := change[json.RawMessage](ctx, c, http.MethodDelete, "/quota/"+url.PathEscape(role), nil)
	return err
}

// SetWeight sets the weight of a role.
func (c *Client) SetWeight(ctx context.Context, w reeveapi.Weight) error {
	return c.set(ctx, http.MethodPut, "/weights", w)
}

// set says something that is the same if it is said twice.
func (c *Client) set(ctx context.Context, method, path string, body any) error {
	r, err := posting(method, path, body)
	if err != nil {
		return err
	}
	r.again = true
	_, err = exchange[json.RawMessage](ctx, c, r)
	return err
}
