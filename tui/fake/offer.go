package fake

import (
	"context"
	"slices"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// RescindOffer takes an offer back.
func (c *Cluster) RescindOffer(_ context.Context, offer string) error {
	return c.setting(func() error {
		i := slices.IndexFunc(c.offers, func(e *entry[reeveapi.Offer]) bool { return e.val.ID == offer })
		if i < 0 {
			return fault.New(fault.NotFound, "there is no offer %s", offer)
		}
		o := c.offers[i].val
		c.offers = slices.Delete(c.offers, i, i+1)
		c.offersGone = append(c.offersGone, entry[string]{offer, c.change()})
		c.event("OFFER_RESCINDED", o.FrameworkName, o.Framework, o.AgentName, "what it was offered is taken back", "me")
		return nil
	})
}

// offersGoneSince are the offers that were taken back after a version.
func (c *Cluster) offersGoneSince(version uint64) (ids []string) {
	for _, g := range c.offersGone {
		if g.version > version {
			ids = append(ids, g.val)
		}
	}
	return ids
}
