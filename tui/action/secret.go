package action

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// SetSecret stores a value as a secret's next version. old is what is known of the secret, nil of a new one. Nothing of the
// value but its size is in what people see.
func SetSecret(name string, value []byte, old *reeveapi.Secret, age func(*reeveapi.Secret) string) (Action, error) {
	switch {
	case len(value) == 0:
		return Action{}, fmt.Errorf("secret %s would be empty; type its value, or name a file", name)
	case len(value) > reeveapi.MaxSecret:
		return Action{}, fmt.Errorf("the value has %d bytes, and a secret at most %d", len(value), reeveapi.MaxSecret)
	}
	a := Action{Title: "Store secret " + name, Button: "Store it", Done: "stored secret " + name}
	if old == nil {
		a.Preview = []Line{{Text: fmt.Sprintf("A new secret of %s.", plural(len(value), "byte"))}}
	} else {
		a.Title, a.Done = "A new value for secret "+name, "secret "+name+" has a new value"
		a.Preview = []Line{{Text: fmt.Sprintf("%s take the place of version %d: %s, set %s ago", plural(len(value), "byte"), old.Version, plural(old.Size, "byte"), age(old))}}
		a.Preview = append(a.Preview, neededBy(old)...)
	}
	if value[len(value)-1] == '\n' {
		a.Preview = append(a.Preview, Line{Text: "The value ends in a line break, which is part of it.", Warn: true})
	}
	a.Steps = []Step{{Target: name, Run: func(ctx context.Context, d Doer) error {
		_, err := d.SetSecret(ctx, name, value)
		return err
	}}}
	return a, nil
}

// neededBy says who gets another value, and when.
func neededBy(s *reeveapi.Secret) []Line {
	if len(s.Jobs) == 0 {
		return []Line{{Text: "No job needs it.", Note: true}}
	}
	return []Line{
		{Text: "Needed by " + strings.Join(s.Jobs, ", ")},
		{Text: "Tasks that are launched from now on get it; restart a job to give it to those that run.", Note: true},
	}
}

// RemoveSecret forgets secrets. Those that jobs need are named and left out, as the masters would refuse them. hidden is how
// many of them the filter hides.
func RemoveSecret(secrets []*reeveapi.Secret, hidden int) (Action, error) {
	if len(secrets) == 0 {
		return Action{}, errors.New("there is no secret here")
	}
	a, why := Action{Preview: unseen(hidden)}, ""
	for _, s := range secrets {
		name := s.Name
		if len(s.Jobs) > 0 {
			why = fmt.Sprintf("secret %s is needed by %s", name, strings.Join(s.Jobs, ", "))
			a.Targets = append(a.Targets, Line{Text: why + ": left out", Note: true})
			continue
		}
		a.Steps = append(a.Steps, Step{Target: name, Run: func(ctx context.Context, d Doer) error { return d.RemoveSecret(ctx, name) }})
		a.Targets = append(a.Targets, Line{Text: fmt.Sprintf("%-20s version %d, %s, no job needs it", name, s.Version, plural(s.Size, "byte"))})
	}
	n := len(a.Steps)
	if n == 0 {
		return Action{}, errors.New(why + "; stop that, or change it so that it does not")
	}
	a.Preview = append(a.Preview, Line{Text: "Its value is gone for good: nobody can read it, so nobody can set it again from here.", Warn: true})
	what := plural(n, "secret")
	if n == 1 {
		what = "secret " + a.Steps[0].Target
	}
	a.Title, a.Button, a.Done = "Remove "+what, "Remove "+what, "removed "+what
	if n > many {
		a.Word = fmt.Sprintf("remove %d", n)
	}
	return a, nil
}
