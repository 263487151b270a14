package keys

import (
	"slices"
	"strings"
	"testing"
)

// TestNoKeyTwice checks that one key means one thing in one scope.
func TestNoKeyTwice(t *testing.T) {
	seen := map[string]Verb{}
	for _, b := range Table() {
		for _, k := range b.Keys {
			if other, found := seen[string(b.Scope)+" "+k]; found {
				t.Errorf("%s in %s is both %s and %s", k, b.Scope, other, b.Verb)
			}
			seen[string(b.Scope)+" "+k] = b.Verb
		}
	}
}

// reversible are the verbs that change the cluster and have another that leads back. A lone lower-case letter may open their question,
// as in k9s; it never acts, and no torn escape sequence ends with one of them alone. What nothing brings back (a killed task, a framework
// that was torn down, an agent that was given up) is not here: that takes ctrl and a letter.
var reversible = map[Verb]string{Drain: "r", Reactivate: "u"}

// TestForbiddenKeys checks what a terminal cannot deliver, and that nothing that changes the cluster is on a key that an
// escape sequence torn apart by the network ends with, or next to a harmless one.
func TestForbiddenKeys(t *testing.T) {
	never := []string{"ctrl+i", "ctrl+m", "ctrl+h", "ctrl+enter", "shift+enter", "shift+space", "~"}
	tails := "ABCDFHMPQRSZ0123456789~"
	for _, b := range Table() {
		for _, k := range b.Keys {
			if slices.Contains(never, k) {
				t.Errorf("%s of %s in %s cannot be typed or is not safe over SSH", k, b.Verb, b.Scope)
			}
			if b.Dangerous && (len(k) == 1 && reversible[b.Verb] != k || strings.Contains(tails, k)) {
				t.Errorf("%s changes the cluster and is on the lone key %s in %s", b.Verb, k, b.Scope)
			}
		}
	}
}

// TestBindingsAreComplete checks that help has something to say about each.
func TestBindingsAreComplete(t *testing.T) {
	for _, b := range Table() {
		if b.Help == "" || b.Group == "" || len(b.Keys) == 0 || b.Verb == "" {
			t.Errorf("%+v lacks something", b)
		}
		if b.Dangerous != strings.HasSuffix(b.Help, "…") {
			t.Errorf("%s in %s: what asks first ends with … and changes the cluster, nothing else does", b.Verb, b.Scope)
		}
	}
}

// TestNumbersAreTheSame checks that one verb has one key wherever it is bound: fingers do not know scopes.
func TestSameVerbSameKey(t *testing.T) {
	first := map[Verb]Binding{}
	for _, b := range Table() {
		other, found := first[b.Verb]
		if !found {
			first[b.Verb] = b
			continue
		}
		if !slices.ContainsFunc(b.Keys, func(k string) bool { return slices.Contains(other.Keys, k) }) {
			t.Errorf("%s is %v in %s and %v in %s", b.Verb, other.Keys, other.Scope, b.Keys, b.Scope)
		}
	}
}

func TestLookupTakesTheInnermost(t *testing.T) {
	for _, test := range []struct {
		scopes []Scope
		key    string
		want   Verb
	}{
		{[]Scope{Tasks, List}, "n", New},
		{[]Scope{Log}, "n", NextHit},
		{[]Scope{Tasks, List}, "/", Filter},
		{[]Scope{Log}, "/", Search},
		{[]Scope{Tasks, List}, "3", GoTasks},
		{nil, "?", Help},
	} {
		b, ok := Lookup(test.scopes, test.key)
		if got := b.Verb; !ok || got != test.want {
			t.Errorf("%s in %v: got %q, want %q", test.key, test.scopes, got, test.want)
		}
	}
	if b, ok := Lookup([]Scope{Masters, List}, "ctrl+k"); ok {
		t.Errorf("ctrl+k in masters: got %s, want nothing", b.Verb)
	}
}

// TestInHidesWhatCannotBeReached checks that help shows no binding whose keys mean something else there.
func TestInHidesWhatCannotBeReached(t *testing.T) {
	for _, scopes := range [][]Scope{{Tasks, List}, {Log}, {Submit}, {Task}, {Overview}} {
		for _, b := range In(scopes) {
			if !slices.ContainsFunc(b.Keys, func(k string) bool {
				found, ok := Lookup(scopes, k)
				return ok && found.Verb == b.Verb
			}) {
				t.Errorf("%s cannot be reached in %v", b.Verb, scopes)
			}
		}
	}
}
