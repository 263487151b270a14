package action

import (
	"context"
	"errors"
	"fmt"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Rescind takes offers back. hidden is how many of them the filter hides; age says how long one is held.
func Rescind(offers []*reeveapi.Offer, hidden int, age func(*reeveapi.Offer) string) (Action, error) {
	if len(offers) == 0 {
		return Action{}, errors.New("there is no offer here")
	}
	a := Action{Preview: unseen(hidden)}
	var rows [][]string
	for _, o := range offers {
		id := o.ID
		a.Steps = append(a.Steps, Step{Target: o.FrameworkName + " on " + o.AgentName, Run: func(ctx context.Context, d Doer) error { return d.RescindOffer(ctx, id) }})
		rows = append(rows, []string{o.FrameworkName, o.AgentName, "held for " + age(o)})
	}
	a.Targets = aligned(rows)
	a.Preview = append(a.Preview,
		Line{Text: "Its framework cannot use it any more; others are offered it first:", Note: true},
		Line{Text: "the framework not for a minute, unless it asks.", Note: true})
	what := plural(len(offers), "offer")
	a.Title, a.Button, a.Done = "Take back "+what, "Take back "+what, "took back "+what
	if len(offers) > many {
		a.Word = fmt.Sprintf("rescind %d", len(offers))
	}
	return a, nil
}
