package fake

import (
	"context"
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// makeSecrets gives the jobs what they need, and one that nobody needs any more.
func (c *Cluster) makeSecrets() {
	const key = "7c1e02aa"
	c.secrets = []reeveapi.Secret{
		{Name: "registry", Version: 1, Size: 212, Set: c.now.Add(-31 * 24 * time.Hour), By: "alice", Readable: true},
		{Name: "shop-db", Version: 3, Size: 24, Set: c.now.Add(-50 * time.Hour), By: "bob", Key: key, Readable: true},
		{Name: "tls-key", Version: 1, Size: 1704, Set: c.now.Add(-100 * time.Hour), By: "alice", Key: key, Readable: true},
	}
}

// Secrets is what is known of the secrets.
func (c *Cluster) Secrets(context.Context) ([]reeveapi.Secret, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut != nil {
		return nil, c.cut
	}
	out := slices.Clone(c.secrets)
	for i := range out {
		out[i].Jobs = c.usersOf(out[i].Name)
	}
	return out, nil
}

// usersOf are the jobs that need a secret.
func (c *Cluster) usersOf(name string) (jobs []string) {
	for _, j := range c.jobs {
		needs := slices.ContainsFunc(j.val.Spec.Secrets, func(s reeveapi.JobSecret) bool { return s.Name == name })
		if needs && j.val.Ended.IsZero() {
			jobs = append(jobs, j.val.Spec.Name)
		}
	}
	return jobs
}

// SetSecret takes a value and forgets it.
func (c *Cluster) SetSecret(_ context.Context, name string, value []byte) (*reeveapi.Secret, error) {
	var out reeveapi.Secret
	err := c.setting(func() error {
		i, found := slices.BinarySearchFunc(c.secrets, name, func(s reeveapi.Secret, name string) int { return strings.Compare(s.Name, name) })
		if !found {
			c.secrets = slices.Insert(c.secrets, i, reeveapi.Secret{Name: name, Readable: true, Key: "7c1e02aa"})
		}
		s := &c.secrets[i]
		s.Version, s.Size, s.Set, s.By = s.Version+1, len(value), c.now, "operator"
		c.event("SECRET_SET", name, name, "", "", "operator")
		out = *s
		return nil
	})
	return &out, err
}

// RemoveSecret forgets a secret that no job needs.
func (c *Cluster) RemoveSecret(_ context.Context, name string) error {
	return c.setting(func() error {
		i := slices.IndexFunc(c.secrets, func(s reeveapi.Secret) bool { return s.Name == name })
		if i < 0 {
			return fault.New(fault.NotFound, "there is no secret %q", name)
		}
		if jobs := c.usersOf(name); len(jobs) > 0 {
			return fault.New(fault.Conflict, "secret %q is needed by job %s; stop or change it first", name, jobs[0])
		}
		c.secrets = slices.Delete(c.secrets, i, i+1)
		c.event("SECRET_REMOVED", name, name, "", "", "operator")
		return nil
	})
}
