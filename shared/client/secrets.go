package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Secrets returns what is known of all secrets but their values, by name.
func (c *Client) Secrets(ctx context.Context) ([]reeveapi.Secret, error) {
	return get[[]reeveapi.Secret](ctx, c, "/secrets")
}

// SetSecret sets a secret to a value, and returns what is known of it.
func (c *Client) SetSecret(ctx context.Context, name string, value []byte) (*reeveapi.Secret, error) {
	r, err := posting(http.MethodPut, "/secrets/"+url.PathEscape(name), nil)
	if err != nil {
		return nil, err
	}
	r.body = value
	r.header.Set("Content-Type", "application/octet-stream")
	return exchange[*reeveapi.Secret](ctx, c, r)
}

// RemoveSecret forgets a secret that no job needs.
func (c *Client) RemoveSecret(ctx context.Context, name string) error {
	_, err := change[json.RawMessage](ctx, c, http.MethodDelete, "/secrets/"+url.PathEscape(name), nil)
	return err
}
