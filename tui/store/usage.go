package store

import (
	"maps"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// AddUsage takes what an agent told of its usage, or why it could not be asked.
func (s *Store) AddUsage(agent string, u *reeveapi.Usage, err error) {
	s.change(func(n *Snapshot) {
		next := &Usage{Tasks: map[string][]reeveapi.TaskUsage{}}
		if old := n.Usage[agent]; old != nil {
			*next = *old
			next.Tasks = maps.Clone(old.Tasks)
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
