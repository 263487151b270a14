package allocator

import (
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/shared/resources"
)

// root is the index of the tree's root node.
const root int32 = 0

// scalars is how many entries of a Vector count for shares: ports come last and do not.
const scalars = len(resources.Vector{}) - 1

// node is a role, the frameworks directly in a role ("."), or a framework in a role (a leaf).
//
//	root ─┬─ eng ─┬─ .    ─┬─ framework 1
//	      │       │        └─ framework 2
//	      │       └─ web ─── . ─── framework 1
//	      └─ ops ─── . ─── framework 3
type node struct {
	parent int32
	leaf   int32 // index of the leaf this node is, -1 for roles
	nodes  int32 // children that exist
	live   int32 // leaves at or below that may be offered something
	offers uint64
	share  float64
	weight float64
	name   string // unique among siblings
	path   string // of a role, "" for leaves
	alloc  resources.Vector
	order  []int32 // children with live leaves, by rank
}

// tree keeps every node among its siblings in the order in which they are served. After an allocation only the leaf and
// its ancestors move.
type tree struct {
	nodes   []node
	unused  []int32
	roles   map[string]int32 // by path; "eng/." is the node of the frameworks directly in eng
	weights map[string]float64
	total   resources.Vector // of all agents, now
	basis   resources.Vector // the total that shares are measured against
}

func newTree() tree {
	return tree{
		nodes:   []node{{parent: -1, leaf: -1, weight: 1}},
		roles:   map[string]int32{"": root},
		weights: map[string]float64{},
	}
}

// before says whether sibling a is served before sibling b.
func (t *tree) before(a, b int32) bool {
	x, y := &t.nodes[a], &t.nodes[b]
	switch {
	case x.share != y.share:
		return x.share < y.share
	case x.offers != y.offers:
		return x.offers < y.offers
	}
	return x.name < y.name
}

func (t *tree) compare(a, b int32) int {
	switch {
	case a == b:
		return 0
	case t.before(a, b):
		return -1
	}
	return 1
}

// rankOf is how many of these sorted siblings are served before at. Written out: it is the hottest loop of a pass.
func (t *tree) rankOf(siblings []int32, at int32) int {
	low, high := 0, len(siblings)
	for low < high {
		if middle := int(uint(low+high) >> 1); t.before(siblings[middle], at) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// shareOf is the weighted dominant share. Dividing (not multiplying by an inverse) makes equal fractions equal numbers.
func (t *tree) shareOf(n *node) float64 {
	most := 0.0
	for i := range scalars {
		if n.alloc[i] == 0 || t.basis[i] == 0 {
			continue
		}
		most = max(most, float64(n.alloc[i])/(float64(t.basis[i])*n.weight))
	}
	return most
}

// charge adds amount (negative to take away) to a leaf and to every node above it, and moves each to its new place.
func (t *tree) charge(leaf int32, amount resources.Vector, offers uint64) {
	for at := leaf; at != root; at = t.nodes[at].parent {
		n := &t.nodes[at]
		var siblings []int32
		from := -1
		if n.live > 0 {
			siblings = t.nodes[n.parent].order
			from = 0
			if siblings[0] != at { // who is given something is nearly always first
				from = t.rankOf(siblings, at)
			}
		}
		for i := range amount {
			n.alloc[i] += amount[i]
		}
		n.offers += offers
		n.share = t.shareOf(n)
		if from >= 0 {
			t.move(siblings, from)
		}
	}
}

// move puts siblings[from], whose rank changed, where it belongs.
func (t *tree) move(siblings []int32, from int) {
	at := siblings[from]
	switch {
	case from+1 < len(siblings) && t.before(siblings[from+1], at):
		later := siblings[from+1:]
		n := t.rankOf(later, at)
		copy(siblings[from:], later[:n])
		siblings[from+n] = at
	case from > 0 && t.before(at, siblings[from-1]):
		n := t.rankOf(siblings[:from], at)
		copy(siblings[n+1:from+1], siblings[n:from])
		siblings[n] = at
	}
}

// setLive makes a leaf take part or not. Nodes without a live leaf below leave their siblings' order and keep their
// accounting.
func (t *tree) setLive(leaf int32, live bool) {
	step := int32(1)
	if !live {
		step = -1
	}
	for at := leaf; at != root; at = t.nodes[at].parent {
		n := &t.nodes[at]
		parent := &t.nodes[n.parent]
		switch {
		case live && n.live == 0:
			parent.order = slices.Insert(parent.order, t.rankOf(parent.order, at), at)
		case !live && n.live == 1:
			i := t.rankOf(parent.order, at)
			parent.order = slices.Delete(parent.order, i, i+1)
		}
		n.live += step
	}
	t.nodes[root].live += step
}

// addTotal changes what the cluster has. Shares follow once a total has moved by more than 1 %.
func (t *tree) addTotal(amount resources.Vector, sign int64) {
	for i := range amount {
		t.total[i] += sign * amount[i]
	}
}

// refresh measures every share anew if the totals have moved too far.
func (t *tree) refresh() {
	stale := false
	for i := range scalars {
		if diff := t.total[i] - t.basis[i]; diff*100 > t.basis[i] || -diff*100 > t.basis[i] {
			stale = true
		}
	}
	if stale {
		t.basis = t.total
		t.rank()
	}
}

// rank computes every share and sorts every order.
func (t *tree) rank() {
	for i := range t.nodes {
		t.nodes[i].share = t.shareOf(&t.nodes[i])
	}
	for i := range t.nodes {
		slices.SortFunc(t.nodes[i].order, t.compare)
	}
}

// setWeight sets the weight of a role, whether or not anybody is in it.
func (t *tree) setWeight(role string, weight float64) {
	t.weights[role] = weight
	if at, ok := t.roles[role]; ok {
		t.nodes[at].weight = weight
		t.rank()
	}
}

// addLeaf makes a node for a framework in a role, and the role's nodes if they are missing.
func (t *tree) addLeaf(role, framework string, leaf int32) int32 {
	return t.add(t.role(role+"/."), framework, "", leaf)
}

// role returns the node of a path, making it and those above it if they are missing.
func (t *tree) role(path string) int32 {
	if at, ok := t.roles[path]; ok {
		return at
	}
	parent, name := root, path
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		parent, name = t.role(path[:i]), path[i+1:]
	}
	at := t.add(parent, name, path, -1)
	t.roles[path] = at
	return at
}

func (t *tree) add(parent int32, name, path string, leaf int32) int32 {
	n := node{parent: parent, leaf: leaf, weight: 1, name: name, path: path}
	if w, ok := t.weights[path]; ok && path != "" {
		n.weight = w
	}
	t.nodes[parent].nodes++
	if last := len(t.unused) - 1; last >= 0 {
		at := t.unused[last]
		t.unused = t.unused[:last]
		t.nodes[at] = n
		return at
	}
	t.nodes = append(t.nodes, n)
	return int32(len(t.nodes) - 1)
}

// removeLeaf removes a leaf that is not live and holds nothing, and the roles that have become empty.
func (t *tree) removeLeaf(at int32) {
	for at != root && t.nodes[at].nodes == 0 {
		n := t.nodes[at]
		if n.path != "" {
			delete(t.roles, n.path)
		}
		t.nodes[at] = node{parent: -1, leaf: -1}
		t.unused = append(t.unused, at)
		t.nodes[n.parent].nodes--
		at = n.parent
	}
}

// first returns the leaf that is served next among those in the set, or -1.
func (t *tree) first(eligible bits) int32 { return t.firstBelow(root, eligible) }

func (t *tree) firstBelow(at int32, eligible bits) int32 {
	for _, child := range t.nodes[at].order {
		if leaf := t.nodes[child].leaf; leaf >= 0 {
			if eligible.has(leaf) {
				return leaf
			}
			continue
		}
		if leaf := t.firstBelow(child, eligible); leaf >= 0 {
			return leaf
		}
	}
	return -1
}
