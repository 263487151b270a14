package store

import (
	"cmp"
	"maps"
	"slices"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// AddUsage takes what an agent told of its usage, or why it could not be asked.
func (s *Store) AddUsage(agent string, u *reeveapi.Usage, err error) {
	s.change(func(n *Snapshot) {
		next := &Usage{Tasks: map[string][]reeveapi.TaskUsage{}}
		if old := n.Usage[agent]; old != nil {
			next.Host = old.Host
			maps.Copy(next.Tasks, old.Tasks)
		}
		if err != nil {
			next.Err = err.Error()
		} else {
			next.Err = ""
			next.take(u)
		}
		n.Usage = maps.Clone(n.Usage)
		if n.Usage == nil {
			n.Usage = map[string]*Usage{}
		}
		n.Usage[agent] = next
	})
}

// tightFrom is the share of its limit from which on a task's memory is tight.
const tightFrom = 0.95

// AddNewest takes the newest that an agent told, and forgets what was before; nil is an agent that did not answer. Alarms
// keeps only the tasks that have almost reached a limit. It says whether there is anything new to see.
func (s *Store) AddNewest(agent string, u *reeveapi.Usage, alarms bool) (news bool) {
	if u == nil && s.current.Load().Usage[agent] == nil {
		return false
	}
	var next *Usage
	switch {
	case u == nil:
	case alarms:
		next = &Usage{Tight: tight(u)}
	default:
		next = &Usage{Tasks: make(map[string][]reeveapi.TaskUsage, len(u.Tasks))}
		for key, sample := range u.Tasks {
			next.Tasks[key] = []reeveapi.TaskUsage{sample}
		}
	}
	s.change(func(n *Snapshot) {
		old := n.Usage[agent]
		news = !alarms || next == nil || old == nil && len(next.Tight) > 0 || old != nil && !slices.Equal(old.Tight, next.Tight)
		n.Usage = maps.Clone(n.Usage)
		if n.Usage == nil {
			n.Usage = map[string]*Usage{}
		}
		n.Usage[agent] = next
		if next == nil {
			delete(n.Usage, agent)
		}
	})
	return news
}

// tight are the tasks whose memory is, in the order of their keys.
func tight(u *reeveapi.Usage) []Tight {
	var out []Tight
	for key, sample := range u.Tasks {
		if Share(float64(sample.MemBytes), float64(sample.MemLimitBytes)) > tightFrom {
			out = append(out, Tight{key, sample.MemBytes, sample.MemLimitBytes})
		}
	}
	slices.SortFunc(out, func(a, b Tight) int { return cmp.Compare(a.Task, b.Task) })
	return out
}

// DropUsage forgets every agent but those that keep names.
func (s *Store) DropUsage(keep map[string]bool) {
	s.change(func(n *Snapshot) {
		n.Usage = maps.Clone(n.Usage)
		maps.DeleteFunc(n.Usage, func(agent string, _ *Usage) bool { return !keep[agent] })
	})
}

func (u *Usage) take(news *reeveapi.Usage) {
	if len(news.HostHistory) > 0 {
		u.Host = news.HostHistory
	}
	if n := len(u.Host); n == 0 || news.Host.At.After(u.Host[n-1].At) {
		u.Host = appendCapped(u.Host, news.Host)
	}
	maps.Copy(u.Tasks, news.TaskHistory)
	for key, sample := range news.Tasks {
		old := u.Tasks[key]
		if n := len(old); n == 0 || sample.At.After(old[n-1].At) {
			u.Tasks[key] = appendCapped(old, sample)
		}
	}
}

func appendCapped[T any](list []T, x T) []T {
	if len(list) >= maxUsage {
		list = list[len(list)-maxUsage+1:]
	}
	return append(list, x)
}

// TaskUsage are the samples of a task, oldest first; nil if none are known.
func (n *Snapshot) TaskUsage(t *reeveapi.Task) []reeveapi.TaskUsage {
	if u := n.Usage[t.Agent]; u != nil {
		return u.Tasks[TaskKey(t)]
	}
	return nil
}
