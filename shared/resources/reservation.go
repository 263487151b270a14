package resources

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/mesosv1"
)

const (
	static  = mesosv1.Resource_ReservationInfo_STATIC
	dynamic = mesosv1.Resource_ReservationInfo_DYNAMIC
)

// decodeReservations turns any of the three forms into a stack.
func decodeReservations(w *mesosv1.Resource) ([]*mesosv1.Resource_ReservationInfo, error) {
	old, err := upgrade(w)
	if err != nil {
		return nil, err
	}
	stack := w.GetReservations()
	if len(stack) == 0 {
		return old, nil
	}
	if err := checkStack(stack); err != nil {
		return nil, err
	}
	if w.Role == nil && w.Reservation == nil {
		return stack, nil
	}
	if len(stack) != 1 || len(old) != 1 || reservationKey(stack[0]) != reservationKey(old[0]) {
		return nil, fmt.Errorf("role and reservation contradict reservations; set one form or the other")
	}
	return stack, nil
}

// upgrade reads role and reservation, the form from before reservations could be refined.
func upgrade(w *mesosv1.Resource) ([]*mesosv1.Resource_ReservationInfo, error) {
	role := w.GetRole()
	if role == "*" {
		if w.Reservation != nil {
			return nil, fmt.Errorf("role \"*\" can't have a reservation; name the role it is for")
		}
		return nil, nil
	}
	if err := CheckRole(role); err != nil {
		return nil, err
	}
	if w.Reservation == nil {
		return reservedTo(role), nil
	}
	if w.GetReservation().Role != nil || w.GetReservation().Type != nil {
		return nil, fmt.Errorf("reservation must not have role or type; use reservations for that form")
	}
	return []*mesosv1.Resource_ReservationInfo{{
		Role: &role, Type: dynamic.Enum(), Principal: w.GetReservation().Principal, Labels: w.GetReservation().GetLabels(),
	}}, nil
}

// reservedTo is the stack of what an operator reserves to a role; "*" stands for nobody.
func reservedTo(role string) []*mesosv1.Resource_ReservationInfo {
	if role == "*" {
		return nil
	}
	return []*mesosv1.Resource_ReservationInfo{{Role: &role, Type: static.Enum()}}
}

// checkStack holds the rules of reservations[]: the first may be static, each refines the role below it.
func checkStack(stack []*mesosv1.Resource_ReservationInfo) error {
	for i, r := range stack {
		if r == nil || r.Role == nil {
			return fmt.Errorf("reservation %d lacks a role", i)
		}
		if err := CheckRole(r.GetRole()); err != nil {
			return err
		}
		switch {
		case r.GetRole() == "*":
			return fmt.Errorf("nothing can be reserved to role \"*\"")
		case r.GetType() != static && r.GetType() != dynamic:
			return fmt.Errorf("reservation %d must be of type STATIC or DYNAMIC", i)
		case r.GetType() == static && i > 0:
			return fmt.Errorf("reservation %d refines another and can't be STATIC", i)
		case r.GetType() == static && (r.Principal != nil || r.Labels != nil):
			return fmt.Errorf("a STATIC reservation can't have a principal or labels")
		case i > 0 && !strings.HasPrefix(r.GetRole(), stack[i-1].GetRole()+"/"):
			return fmt.Errorf("role %q does not refine %q, the role it is reserved to", r.GetRole(), stack[i-1].GetRole())
		}
	}
	return nil
}

// CheckRole reports why a role's name breaks the rule of the spec's section 3.1, or nil.
func CheckRole(role string) error {
	if role == "*" {
		return nil
	}
	if role == "" {
		return fmt.Errorf("role must not be empty")
	}
	for part := range strings.SplitSeq(role, "/") {
		switch {
		case part == "":
			return fmt.Errorf("role %q must not begin or end with \"/\" or contain \"//\"", role)
		case part == "." || part == ".." || part == "*":
			return fmt.Errorf("role %q must not contain the part %q", role, part)
		case strings.HasPrefix(part, "-"):
			return fmt.Errorf("role %q must not have a part that starts with \"-\"", role)
		}
	}
	if strings.ContainsFunc(role, func(r rune) bool { return unicode.IsSpace(r) || r == '\b' || r == 0x7f }) {
		return fmt.Errorf("role %q must not contain white space", role)
	}
	return nil
}

// newExtra returns nil for a plain resource. It copies what it keeps, because the message belongs to the caller.
func newExtra(w *mesosv1.Resource, stack []*mesosv1.Resource_ReservationInfo) *extra {
	if len(stack) == 0 && w.Disk == nil && w.ProviderId == nil && w.Revocable == nil && w.Shared == nil {
		return nil
	}
	x := &extra{revocable: w.Revocable != nil, shared: w.Shared != nil}
	for _, r := range stack {
		x.reservations = append(x.reservations, proto.CloneOf(r))
	}
	if w.Disk != nil {
		x.disk = proto.CloneOf(w.Disk)
	}
	if w.ProviderId != nil {
		x.provider = proto.CloneOf(w.ProviderId)
	}
	x.key = x.canonical()
	return x
}

// canonical writes everything that tells classes apart. The volume of a disk says how it is used, not what it is, and a
// persistent volume is known by its id alone, both as in Mesos.
func (x *extra) canonical() string {
	var key strings.Builder
	for _, r := range x.reservations {
		key.WriteString(reservationKey(r))
	}
	if x.disk != nil {
		key.WriteString("disk")
		if p := x.disk.GetPersistence(); p != nil {
			key.WriteString(strconv.Quote(p.GetId()))
		}
		if s := x.disk.GetSource(); s != nil {
			key.WriteString("source" + s.GetType().String())
			for _, part := range []*string{rootOf(s.GetPath()), rootOf(s.GetMount()), s.Id, s.Profile, s.Vendor} {
				key.WriteString(optional(part))
			}
			key.WriteString(labelsKey(s.GetMetadata()))
		}
	}
	if x.provider != nil {
		key.WriteString("provider" + strconv.Quote(x.provider.GetValue()))
	}
	if x.revocable {
		key.WriteString("revocable")
	}
	if x.shared {
		key.WriteString("shared")
	}
	return key.String()
}

// rootOf keeps "no path", "a path without root" and "a path with root" apart.
func rootOf(s interface{ GetRoot() string }) *string {
	switch s := s.(type) {
	case *mesosv1.Resource_DiskInfo_Source_Path:
		if s == nil {
			return nil
		}
	case *mesosv1.Resource_DiskInfo_Source_Mount:
		if s == nil {
			return nil
		}
	}
	return new(s.GetRoot())
}

func optional(s *string) string {
	if s == nil {
		return "-"
	}
	return strconv.Quote(*s)
}

func reservationKey(r *mesosv1.Resource_ReservationInfo) string {
	return "(" + r.GetType().String() + strconv.Quote(r.GetRole()) + optional(r.Principal) + labelsKey(r.GetLabels()) + ")"
}

// labelsKey ignores the order of labels, as Mesos does.
func labelsKey(labels *mesosv1.Labels) string {
	if labels == nil {
		return "-"
	}
	keys := make([]string, 0, len(labels.GetLabels()))
	for _, l := range labels.GetLabels() {
		keys = append(keys, strconv.Quote(l.GetKey())+optional(l.Value))
	}
	slices.Sort(keys)
	return "{" + strings.Join(keys, ",") + "}"
}
