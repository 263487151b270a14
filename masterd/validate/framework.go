package validate

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

// Framework checks a FrameworkInfo and the roles it suppresses (spec 3.3). The error's text is that of the ERROR event.
func Framework(info *mesosv1.FrameworkInfo, suppressed []string) error {
	multiRole := slices.ContainsFunc(info.GetCapabilities(), func(c *mesosv1.FrameworkInfo_Capability) bool {
		return c.GetType() == mesosv1.FrameworkInfo_Capability_MULTI_ROLE
	})
	switch {
	case multiRole && info.Role != nil:
		return fmt.Errorf("'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable")
	case !multiRole && len(info.GetRoles()) > 0:
		return fmt.Errorf("'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable")
	}
	if info.Id != nil && info.GetId().GetValue() != "" {
		if err := ids.Check(info.GetId().GetValue()); err != nil {
			return fmt.Errorf("'FrameworkInfo.id' is not valid: %w", err)
		}
	}
	roles := info.GetRoles()
	if !multiRole {
		roles = []string{info.GetRole()}
	}
	seen := map[string]bool{}
	for _, role := range roles {
		if err := Role(role); err != nil {
			return fmt.Errorf("'FrameworkInfo.roles' contains a role that is not valid: %w", err)
		}
		if seen[role] {
			return fmt.Errorf("'FrameworkInfo.roles' contains role '%s' more than once", role)
		}
		seen[role] = true
	}
	for _, role := range suppressed {
		if !seen[role] {
			return fmt.Errorf("suppressed role '%s' is not one of the framework's roles", role)
		}
	}
	return timeoutProblem(info.GetFailoverTimeout())
}

func timeoutProblem(seconds float64) error {
	if math.IsNaN(seconds) || math.Abs(seconds) > time.Duration(math.MaxInt64).Seconds() {
		return fmt.Errorf("'FrameworkInfo.failover_timeout' of %v seconds can't be represented; the longest is about 292 years", seconds)
	}
	return nil
}

// Role checks the name of a role (spec 3.1).
func Role(role string) error {
	switch {
	case role == "*":
		return nil
	case role == "":
		return fmt.Errorf("role name must not be empty")
	case strings.HasPrefix(role, "/") || strings.HasSuffix(role, "/") || strings.Contains(role, "//"):
		return fmt.Errorf("role name '%s' must not begin or end with '/' or contain '//'", role)
	case strings.ContainsFunc(role, func(r rune) bool { return unicode.IsSpace(r) || r == '\b' || r == 0x7f }):
		return fmt.Errorf("role name %q must not contain white space, backspace or delete", role)
	}
	for part := range strings.SplitSeq(role, "/") {
		switch {
		case part == "." || part == ".." || part == "*":
			return fmt.Errorf("role name '%s' must not have '%s' as one of its parts", role, part)
		case strings.HasPrefix(part, "-"):
			return fmt.Errorf("role name '%s' must not have a part that begins with '-'", role)
		}
	}
	return nil
}

// Agent checks what an agent says when it registers. The error's text is the reason of its refusal.
func Agent(reg *agentlink.Register) error {
	info := reg.GetAgentInfo()
	switch {
	case info == nil:
		return fmt.Errorf("the registration has no agent info")
	case info.GetHostname() == "":
		return fmt.Errorf("the registration has no hostname")
	}
	if id := info.GetId().GetValue(); id != "" {
		if err := ids.Check(id); err != nil {
			return fmt.Errorf("agent %w", err)
		}
	}
	for _, list := range [][]*mesosv1.Resource{info.GetResources(), reg.GetTotal()} {
		if _, err := resources.FromProto(list); err != nil {
			return fmt.Errorf("the agent's resources are not valid: %w", err)
		}
	}
	return nil
}
