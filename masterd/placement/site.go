package placement

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
)

// Site is where a job's instances and those that it avoids are, while more of its instances are placed.
type Site struct {
	rules   Rules
	spread  bool // wanted where fewest of the job's instances are, else where least is left
	tally   Tally
	onAgent map[string]int
	groups  map[string]map[string]bool
	avoided map[string]string // agent id → the job there
	image   string            // that instances run in, "" for none
	spare   bool              // agents with GPUs are for those that ask for some
	last    *Place
}

// Place is an agent and what is left there.
type Place struct {
	Host Host
	Pool *Pool
}

// NewSite returns an empty site for a job with these rules.
func NewSite(rules Rules, spec *reeveapi.JobSpec) *Site {
	return &Site{
		rules: rules, spread: spec.Placement == reeveapi.PlaceSpread, tally: Tally{},
		image: spec.Image, onAgent: map[string]int{}, groups: map[string]map[string]bool{}, avoided: map[string]string{},
	}
}

// Add counts an instance that is there. where is what Rules.Where says of the host.
func (s *Site) Add(agent string, where map[string]string) {
	s.onAgent[agent]++
	s.tally.Add(where, 1)
}

// Know takes a host's values in, which group_by goes by.
func (s *Site) Know(h Host) {
	for _, attribute := range s.rules.Groups() {
		if value, ok := h.Value(attribute); ok {
			if s.groups[attribute] == nil {
				s.groups[attribute] = map[string]bool{}
			}
			s.groups[attribute][value] = true
		}
	}
}

// SpareGPUs says that there are agents without GPUs: those that have some are kept for instances that ask for them.
func (s *Site) SpareGPUs() { s.spare = true }

// Avoid says that a job is on an agent with which that one is not to be shared.
func (s *Site) Avoid(agent, job string) { s.avoided[agent] = job }

// Refuse says why an instance cannot go to a place; ok is true if it can.
func (s *Site) Refuse(p *Place, ask Demand) (why Shortage, ok bool) {
	if why, ok = p.Pool.Lacks(ask); !ok {
		return why, false
	}
	text := s.rules.Refuse(p.Host, s.tally, s.groups)
	if s.spare && p.Host.GPUs && ask.Amounts[resources.GPUs] == 0 {
		text = "it has GPUs, and is kept for jobs that ask for some"
	}
	if name := s.avoided[p.Host.Agent]; name != "" {
		text = "job " + name + " is there, which is to be avoided"
	}
	return Shortage{Resource: -1, Text: text}, text == ""
}

// Choose finds the place that an instance likes best, nil if it can go to none, and returns the places that are still of
// use to the job, in places' memory. refused is told of every place that is not.
func (s *Site) Choose(places []*Place, ask Demand, refused func(*Place, Shortage)) (best *Place, open []*Place) {
	if !s.spread && !s.rules.Counts() && s.last != nil {
		if _, ok := s.last.Pool.Lacks(ask); ok {
			return s.last, places // it was the fullest before, and is still
		}
	}
	var bestKey [4]int64
	open = places[:0]
	for _, p := range places {
		if why, ok := s.Refuse(p, ask); !ok {
			refused(p, why)
			if why.Resource < 0 && s.rules.Counts() {
				open = append(open, p) // another instance may change that
			}
			continue
		}
		open = append(open, p)
		key := [4]int64{int64(s.rules.Crowd(p.Host, s.tally)), 0, 0, p.Pool.Room(ask)}
		if s.spread {
			key[1], key[3] = int64(s.onAgent[p.Host.Agent]), -key[3]
		}
		if s.image != "" && !p.Host.Images[s.image] {
			key[2] = 1 // it would have to be pulled
		}
		if best == nil || slices.Compare(key[:], bestKey[:]) < 0 {
			best, bestKey = p, key
		}
	}
	s.last = best
	return best, open
}

// Forget makes the next Choose look at every place.
func (s *Site) Forget() { s.last = nil }

// Reserved is why a place does not do whose amounts would.
func Reserved() Shortage {
	return Shortage{Resource: -1, Text: "what is left is reserved, or in volumes"}
}

// Explain says for people on how many agents what stood in the way of a demand, one part for each.
func Explain(refused map[string]Shortage, ask Demand) string {
	type group struct {
		text  string
		count int
		most  int64
	}
	groups := map[string]*group{}
	for _, lack := range refused {
		key := lack.Text
		if lack.Resource >= 0 {
			key = names[lack.Resource]
		}
		g := groups[key]
		if g == nil {
			g = &group{}
			groups[key] = g
		}
		g.count++
		g.most = max(g.most, lack.Have)
		g.text = fmt.Sprintf("on %d: %s", g.count, lack.Text)
		if lack.Resource >= 0 {
			g.text = fmt.Sprintf("on %d: at most %s left, %s asked", g.count, Amount(lack.Resource, g.most), Bare(lack.Resource, ask.Amounts[lack.Resource]))
		}
	}
	parts := make([]string, 0, len(groups))
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		parts = append(parts, groups[key].text)
	}
	return strings.Join(parts, "; ")
}
