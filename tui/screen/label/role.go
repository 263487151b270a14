package label

import (
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/theme"
)

// Guarantee is what a role is guaranteed of a resource, marked if it has less, "-" if nothing.
func Guarantee(r *reeveapi.Role, name string, write func(float64) string) (string, theme.Role) {
	n, ok := r.Guarantee[name]
	switch {
	case !ok:
		return "-", theme.Dim
	case r.Consumed.Of(name) < n:
		return write(n) + " <", theme.Warn
	}
	return write(n), theme.Text
}

// Limit is the most that a role may have of a resource, marked if that is nearly reached or passed, "-" if there is none.
func Limit(r *reeveapi.Role, name string, write func(float64) string) (string, theme.Role) {
	n, ok := r.Limit[name]
	switch has := r.Consumed.Of(name); {
	case !ok:
		return "-", theme.Dim
	case has > n:
		return write(n) + " !", theme.Bad
	case has > 0.9*n:
		return write(n) + " !", theme.Warn
	}
	return write(n), theme.Text
}

// Within says whether a framework is in a role or in one below it.
func Within(f *reeveapi.Framework, name string) bool {
	return f != nil && slices.ContainsFunc(f.Roles, func(r string) bool { return r == name || strings.HasPrefix(r, name+"/") })
}
