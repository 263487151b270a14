package allocator

import (
	"cmp"
	"maps"
	"slices"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/resources"
)

// framework is a client with its leaves. It exists from AddFramework to RemoveFramework, and while anything is allocated
// to it: agents may report tasks of a framework that has not subscribed yet.
type framework struct {
	id      ids.Framework
	known   bool // added and not removed
	active  bool // implies known
	accepts Accepts
	caps    Capabilities
	leaves  map[string]int32 // by role; roles it has left stay while something is allocated in them
}

// leaf is a framework in a role.
type leaf struct {
	framework  *framework
	role       string
	node       int32
	quota      *quota // of its role or the nearest above
	grants     int    // agents on which it holds something
	subscribed bool
	suppressed bool
	bars       bool // some agents may be barred from it

	lastPart, lastAllocated resources.Resources // see allocate
}

// AddFramework makes a framework known and active. A framework known already is updated, and active again.
func (a *Allocator) AddFramework(id ids.Framework, roles []string, suppressed map[string]bool, caps Capabilities) {
	fw := a.framework(id)
	fw.known, fw.active = true, true
	a.UpdateFramework(id, roles, suppressed, caps)
}

// UpdateFramework changes a framework's roles, which of them are suppressed, and its capabilities. Unknown ones are ignored.
func (a *Allocator) UpdateFramework(id ids.Framework, roles []string, suppressed map[string]bool, caps Capabilities) {
	fw, ok := a.frameworks[id]
	if !ok {
		return
	}
	fw.caps = caps
	for _, role := range sortedKeys(fw.leaves) {
		if at := fw.leaves[role]; !slices.Contains(roles, role) {
			a.leaves[at].subscribed = false
			a.clearFilters(at)
			a.relive(at)
			a.dropLeafIfUnused(at)
		}
	}
	for _, role := range roles {
		at := a.leaf(id, role)
		a.leaves[at].subscribed = true
		a.leaves[at].suppressed = suppressed[role]
		a.gpu.put(at, caps.GPU)
		a.barAll(at)
		a.relive(at)
	}
	a.touchAll()
}

// RemoveFramework forgets a framework. What is still allocated to it stays accounted for until it is recovered.
func (a *Allocator) RemoveFramework(id ids.Framework) {
	fw, ok := a.frameworks[id]
	if !ok {
		return
	}
	a.UpdateFramework(id, nil, nil, Capabilities{})
	fw.known, fw.active, fw.accepts = false, false, nil
	if len(fw.leaves) == 0 {
		delete(a.frameworks, id)
	}
}

// SetFrameworkActive says whether a framework may be offered anything. Going inactive drops its filters (spec 3.3).
func (a *Allocator) SetFrameworkActive(id ids.Framework, active bool) {
	fw, ok := a.frameworks[id]
	if !ok || !fw.known {
		return
	}
	fw.active = active
	for _, role := range sortedKeys(fw.leaves) {
		if !active {
			a.clearFilters(fw.leaves[role])
		}
		a.relive(fw.leaves[role])
	}
	a.touchAll()
}

// Suppress stops offers in these roles, all the framework's if there are none. Its filters stay.
func (a *Allocator) Suppress(id ids.Framework, roles []string) {
	a.eachLeaf(id, roles, func(at int32) {
		a.leaves[at].suppressed = true
		a.relive(at)
	})
}

// Revive starts offers in these roles again, all the framework's if there are none, and drops their filters.
func (a *Allocator) Revive(id ids.Framework, roles []string) {
	a.eachLeaf(id, roles, func(at int32) {
		a.leaves[at].suppressed = false
		a.clearFilters(at)
		a.relive(at)
	})
	a.touchAll()
}

func (a *Allocator) eachLeaf(id ids.Framework, roles []string, do func(at int32)) {
	fw, ok := a.frameworks[id]
	if !ok {
		return
	}
	if len(roles) == 0 {
		roles = sortedKeys(fw.leaves)
	}
	for _, role := range roles {
		if at, ok := fw.leaves[role]; ok {
			do(at)
		}
	}
}

// framework returns the entry of an id, making it if it is missing.
func (a *Allocator) framework(id ids.Framework) *framework {
	fw, ok := a.frameworks[id]
	if !ok {
		fw = &framework{id: id, leaves: map[string]int32{}}
		a.frameworks[id] = fw
	}
	return fw
}

// leaf returns the leaf of a framework in a role, making it if it is missing.
func (a *Allocator) leaf(id ids.Framework, role string) int32 {
	fw := a.framework(id)
	if at, ok := fw.leaves[role]; ok {
		return at
	}
	var at int32
	if last := len(a.freeLeaves) - 1; last >= 0 {
		at = a.freeLeaves[last]
		a.freeLeaves = a.freeLeaves[:last]
	} else {
		at = int32(len(a.leaves))
		a.leaves = append(a.leaves, leaf{})
	}
	a.leaves[at] = leaf{framework: fw, role: role, node: a.tree.addLeaf(role, string(id), at)}
	fw.leaves[role] = at
	a.placeLeaf(at)
	return at
}

// relive derives whether a leaf takes part.
func (a *Allocator) relive(at int32) {
	l := &a.leaves[at]
	live := l.framework.active && l.subscribed && !l.suppressed
	if live == a.live.has(at) {
		return
	}
	a.live.put(at, live)
	a.tree.setLive(l.node, live)
}

// dropLeafIfUnused forgets a leaf that is neither subscribed nor holds anything.
func (a *Allocator) dropLeafIfUnused(at int32) {
	l := &a.leaves[at]
	if l.subscribed || l.grants > 0 {
		return
	}
	a.clearFilters(at)
	a.gpu.remove(at)
	a.unbar(at)
	a.tree.removeLeaf(l.node)
	a.unplaceLeaf(at)
	delete(l.framework.leaves, l.role)
	if fw := l.framework; len(fw.leaves) == 0 && !fw.known {
		delete(a.frameworks, fw.id)
	}
	*l = leaf{}
	a.freeLeaves = append(a.freeLeaves, at)
}

// sortedKeys fixes the order in which maps are walked: equal calls must give equal allocators.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}
