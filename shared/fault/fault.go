// Package fault classifies errors by what the other side can do about them. An error gets its kind where its meaning is
// known; each edge has one table from kinds to its own codes (HTTP status, gRPC code, exit status).
// It never wraps silently: a kind is always attached by a call that can be searched for. Start reading at Kind.
package fault

import (
	"errors"
	"fmt"
)

// Kind is what the caller may do about an error.
type Kind int

// The kinds. Internal is the zero value, so that an unclassified error is never taken for the caller's fault.
const (
	Internal        Kind = iota // ours: nothing the caller can change
	Invalid                     // the request breaks a rule; the same request will fail again
	NotFound                    // what the request names does not exist
	Conflict                    // it exists, but in a state that does not allow this now
	Unauthenticated             // no identity, or one that could not be proved
	Forbidden                   // known, and not allowed
	NotLeader                   // ask the leading master instead
	Unavailable                 // not now; the same request may work later
	Exhausted                   // a limit is used up
	Unsupported                 // understood, and not implemented by this version
)

// kindNames is indexed by Kind.
var kindNames = [...]string{
	"internal", "invalid", "not found", "conflict", "unauthenticated", "forbidden", "not leader", "unavailable",
	"exhausted", "unsupported",
}

// Kinds lists every kind, for tests of an edge's table.
func Kinds() []Kind {
	all := make([]Kind, len(kindNames))
	for i := range all {
		all[i] = Kind(i)
	}
	return all
}

// String names the kind in lower case.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("kind(%d)", int(k))
	}
	return kindNames[k]
}

// Error is an error with a kind. Its text is written for the person who reads it: the value, the rule, the way out.
type Error struct {
	Kind Kind
	Text string
	Err  error // what caused it, or nil
}

// Error returns the text, followed by the cause if there is one.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Text + ": " + e.Err.Error()
	}
	return e.Text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes an error of a kind.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Text: fmt.Sprintf(format, args...)}
}

// Wrap gives err a kind and a text of its own; it returns nil for a nil err.
func Wrap(kind Kind, err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: kind, Text: fmt.Sprintf(format, args...), Err: err}
}

// KindOf returns the kind of the outermost Error in err's chain, Internal if there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}
