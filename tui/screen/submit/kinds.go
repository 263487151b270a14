package submit

import (
	"cmp"
	"fmt"
	"strings"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

func (s *Screen) checkKind(text string) string {
	switch reeveapi.JobKind(text) {
	case reeveapi.Batch, reeveapi.Service:
	case reeveapi.Periodic:
		if s.Form != nil && s.Form.Value("cron") == "" {
			return "periodic jobs need a cron below"
		}
	default:
		return "is batch, service or periodic"
	}
	if s.old != nil && reeveapi.JobKind(text) != s.old.Spec.Kind {
		return "cannot be changed while the job runs"
	}
	return ""
}

func checkCron(text string) string {
	if !strings.HasPrefix(text, "@") && len(strings.Fields(text)) != 5 {
		return "has five parts: minute hour day month weekday; or is @daily, @every 10m"
	}
	return ""
}

func checkRules(text string) string {
	if _, err := rules(text); err != nil {
		return err.Error()
	}
	return ""
}

// rules reads constraints: "ATTRIBUTE OPERATOR [VALUE]; …".
func rules(text string) ([]reeveapi.Constraint, error) {
	var all []reeveapi.Constraint
	for part := range strings.SplitSeq(text, ";") {
		words := strings.Fields(part)
		switch {
		case len(words) == 0:
			continue
		case len(words) == 1 || len(words) > 3:
			return nil, fmt.Errorf("%q is not ATTRIBUTE OPERATOR VALUE, such as rack in a,b", strings.TrimSpace(part))
		}
		c := reeveapi.Constraint{Attribute: words[0], Operator: words[1]}
		switch {
		case len(words) == 3 && (c.Operator == reeveapi.MustBeIn || c.Operator == reeveapi.MustNotIn):
			c.Values = strings.Split(words[2], ",")
		case len(words) == 3:
			c.Value = words[2]
		}
		all = append(all, c)
	}
	return all, nil
}

func rulesText(list []reeveapi.Constraint) string {
	parts := make([]string, 0, len(list))
	for _, c := range list {
		parts = append(parts, strings.TrimSpace(c.Attribute+" "+c.Operator+" "+cmp.Or(c.Value, strings.Join(c.Values, ","))))
	}
	return strings.Join(parts, "; ")
}

func healthText(h *reeveapi.JobHealth) string {
	switch {
	case h == nil:
		return ""
	case h.TCP:
		return "tcp"
	}
	return cmp.Or(h.HTTP, h.Command)
}

// health reads what healthText writes; what it does not say stays as it was.
func health(text string, was *reeveapi.JobHealth) *reeveapi.JobHealth {
	if text == "" {
		return nil
	}
	if text == healthText(was) {
		return was
	}
	var h reeveapi.JobHealth
	if was != nil {
		h = *was
	}
	h.Command, h.HTTP, h.TCP = "", "", false
	switch {
	case text == "tcp":
		h.TCP = true
	case strings.HasPrefix(text, "/") && !strings.Contains(text, " "):
		h.HTTP = text
	default:
		h.Command = text
	}
	return &h
}

// more reads the fields that say of which kind a job is, and where its instances go.
func (s *Screen) more(spec *reeveapi.JobSpec) {
	spec.Kind = reeveapi.JobKind(s.Form.Value("kind"))
	spec.Image = s.Form.Value("image")
	spec.Health = health(s.Form.Value("health"), spec.Health)
	spec.Constraints, _ = rules(s.Form.Value("rules")) // send refuses what cannot be read
	if cron := s.Form.Value("cron"); cron != "" {
		schedule := reeveapi.JobSchedule{}
		if spec.Schedule != nil {
			schedule = *spec.Schedule
		}
		schedule.Cron, schedule.TimeZone = cron, cmp.Or(s.Form.Value("zone"), schedule.TimeZone)
		spec.Schedule = &schedule
	}
}

// merged puts what the form shows over what it does not.
func merged(base, shown reeveapi.JobSpec) reeveapi.JobSpec {
	base.Name, base.Role, base.Command, base.Instances, base.Retries = shown.Name, shown.Role, shown.Command, shown.Instances, shown.Retries
	base.Ports, base.User, base.Resources, base.KillGraceSeconds = shown.Ports, shown.User, shown.Resources, shown.KillGraceSeconds
	base.URIs, base.Env, base.Labels = nil, nil, shown.Labels
	if len(shown.URIs) > 0 {
		base.URIs = shown.URIs
	}
	return base
}

// nameOf is the name that the form begins with.
func (s *Screen) nameOf(spec reeveapi.JobSpec) string {
	if s.old != nil {
		return spec.Name
	}
	return s.free(spec.Name)
}
