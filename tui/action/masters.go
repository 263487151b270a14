package action

import (
	"context"
	"errors"
	"fmt"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// StepDown hands leadership from the master that leads to another: the one with the id to, or, if that is "", the one that
// is most up to date. It asks for the leader's name: nobody means it by mistake.
func StepDown(masters []reeveapi.Master, to string) (Action, error) {
	leader, others := "", []reeveapi.Master(nil)
	for _, m := range masters {
		switch {
		case m.State == reeveapi.MasterLeading:
			leader = m.Name
			if m.ID == to {
				to = ""
			}
		case m.State == reeveapi.MasterStandby && m.Voter:
			others = append(others, m)
		}
	}
	switch {
	case leader == "":
		return Action{}, errors.New("no master leads now")
	case len(others) == 0:
		return Action{}, fmt.Errorf("%s is the only master that could lead; start another one first", leader)
	}
	ids, choice := []string{""}, Choice{Label: "To", Options: []string{"the most up to date"}}
	for _, m := range others {
		if m.ID == to {
			choice.At = len(ids)
		}
		ids, choice.Options = append(ids, m.ID), append(choice.Options, m.Name)
	}
	if to != "" && choice.At == 0 {
		return Action{}, fmt.Errorf("%s does not stand by, and can't lead", nameOf(masters, to))
	}
	a := stepDown(leader, ids[choice.At])
	a.Choices = []Choice{choice}
	a.With = func(picked []int) Action {
		b := stepDown(leader, ids[picked[0]])
		b.Choices, b.With = []Choice{{choice.Label, choice.Options, picked[0]}}, a.With
		return b
	}
	return a, nil
}

func nameOf(masters []reeveapi.Master, id string) string {
	for _, m := range masters {
		if m.ID == id {
			return m.Name
		}
	}
	return id
}

func stepDown(leader, to string) Action {
	return Action{
		Title: "Have " + leader + " step down", Button: "Hand over", Word: leader, Done: leader + " has stepped down",
		Preview: []Line{
			{Text: "Another master leads, within a second: until then nothing new is launched."},
			{Text: "Tasks and agents are not disturbed; frameworks subscribe again.", Note: true},
			{Text: leader + " goes on standing by, and has its vote.", Note: true},
		},
		Steps: []Step{{Target: leader, Run: func(ctx context.Context, d Doer) error {
			_, err := d.StepDown(ctx, to)
			return err
		}}},
	}
}
