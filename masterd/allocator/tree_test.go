package allocator

import (
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/resources"
)

// user is a client that launches tasks of one size while they fit.
type user struct {
	role   string
	demand resources.Vector
}

// fill serves the users by progressive filling: always the first in the tree's order whose next task fits.
func fill(t *testing.T, total resources.Vector, weights map[string]float64, users []user) (order string, tasks []int) {
	t.Helper()
	tr := newTree()
	tr.addTotal(total, +1)
	tr.refresh()
	for role, w := range weights {
		tr.setWeight(role, w)
	}
	nodes := make([]int32, len(users))
	var fits bits
	for i, u := range users {
		nodes[i] = tr.addLeaf(u.role, "f", int32(i))
		tr.setLive(nodes[i], true)
		fits.add(int32(i))
	}
	tasks = make([]int, len(users))
	free := total
	var b strings.Builder
	for {
		i := tr.first(fits)
		if i < 0 {
			return b.String(), tasks
		}
		left, ok := take(free, users[i].demand)
		if !ok {
			fits.remove(i)
			continue
		}
		free = left
		tr.charge(nodes[i], users[i].demand, 0)
		tasks[i]++
		b.WriteByte("ABC"[i])
	}
}

func take(from, v resources.Vector) (resources.Vector, bool) {
	for i := range v {
		if from[i] -= v[i]; from[i] < 0 {
			return from, false
		}
	}
	return from, true
}

// TestKnownAnswers holds the tree to answers computed by hand, the first of them in the paper that introduced DRF.
func TestKnownAnswers(t *testing.T) {
	ab := []user{{"a", resources.Vector{1, 4}}, {"b", resources.Vector{3, 1}}}
	one := resources.Vector{1, 1}
	orgs := []user{{"org1/a", one}, {"org1/b", one}, {"org2/c", one}}
	tests := []struct {
		name    string
		total   resources.Vector
		weights map[string]float64
		users   []user
		tasks   []int
		order   string // a prefix
	}{
		{"paper", resources.Vector{9, 18}, nil, ab, []int{3, 2}, "ABABA"},
		{"weight 2 to 1", resources.Vector{9, 18}, map[string]float64{"a": 2}, ab, []int{4, 1}, "ABAAA"},
		{"weight 1 to 3", resources.Vector{9, 18}, map[string]float64{"b": 3}, ab, []int{3, 2}, "ABBAA"},
		{
			"three users",
			resources.Vector{100, 1000},
			nil,
			[]user{{"a", resources.Vector{1, 10}}, {"b", resources.Vector{2, 5}}, {"c", resources.Vector{1, 40}}},
			[]int{45, 22, 11},
			"ABCAABAABC",
		},
		{
			"one resource, weight 1 to 4",
			resources.Vector{100},
			map[string]float64{"b": 4},
			[]user{{"a", resources.Vector{1}}, {"b", resources.Vector{1}}},
			[]int{20, 80},
			"",
		},
		{"two organisations", resources.Vector{12, 12}, nil, orgs, []int{3, 3, 6}, ""},
		{"one of them twice the weight", resources.Vector{12, 12}, map[string]float64{"org1": 2}, orgs, []int{4, 4, 4}, ""},
		{"weight inside one", resources.Vector{24, 24}, map[string]float64{"org1/b": 3}, orgs, []int{3, 9, 12}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			order, tasks := fill(t, test.total, test.weights, test.users)
			for i := range tasks {
				if tasks[i] != test.tasks[i] {
					t.Fatalf("tasks = %v in order %s, want %v", tasks, order, test.tasks)
				}
			}
			if !strings.HasPrefix(order, test.order) {
				t.Errorf("order = %s, want it to begin %s", order, test.order)
			}
		})
	}
}

// TestPortsDoNotCount: a client that holds all ports and nothing else has a share of zero.
func TestPortsDoNotCount(t *testing.T) {
	tr := newTree()
	tr.addTotal(resources.Vector{10, 10, 10, 10, 10}, +1)
	tr.refresh()
	leaf := tr.addLeaf("a", "f", 0)
	tr.charge(leaf, resources.Vector{resources.Ports: 10}, 1)
	if got := tr.nodes[leaf].share; got != 0 {
		t.Errorf("share = %v, want 0", got)
	}
}
