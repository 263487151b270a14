// Package holding says who keeps, by offers that are not answered yet, what others wait for: for masters, who count and
// explain, and for the console, which counts while one types. It knows no master and no screen. Start reading at Holds, then
// ByFramework and Text.
package holding

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Jobs is the framework of the masters themselves, which answers at once, and for jobs.
const Jobs = "reeve-jobs"

// thinks is how long a framework may think about an offer before it counts as holding it. Most answer at once; what they are
// asked about would seem to come and go otherwise.
const thinks = time.Second

// Holds says whether a framework keeps from jobs what it was offered then.
func Holds(framework string, made, now time.Time) bool {
	return framework != Jobs && now.Sub(made) >= thinks
}

// ByFramework sums offers up by who has them, who has them longest first.
func ByFramework(offers []reeveapi.Offer) []reeveapi.Holder {
	var all []reeveapi.Holder
	for _, o := range offers {
		i := slices.IndexFunc(all, func(h reeveapi.Holder) bool { return h.Framework == o.Framework })
		if i < 0 {
			i = len(all)
			all = append(all, reeveapi.Holder{Framework: o.Framework, FrameworkName: o.FrameworkName, Since: o.Made, Until: o.Until})
		}
		h := &all[i]
		h.Resources.CPUs, h.Resources.Mem = h.Resources.CPUs+o.Resources.CPUs, h.Resources.Mem+o.Resources.Mem
		h.Resources.Disk, h.Resources.GPUs = h.Resources.Disk+o.Resources.Disk, h.Resources.GPUs+o.Resources.GPUs
		if name := cmp.Or(o.AgentName, o.Agent); !slices.Contains(h.Agents, name) {
			h.Agents = append(h.Agents, name)
		}
		if o.Made.Before(h.Since) {
			h.Since = o.Made
		}
		if o.Until.After(h.Until) {
			h.Until = o.Until
		}
	}
	for i := range all {
		slices.Sort(all[i].Agents)
	}
	slices.SortStableFunc(all, func(a, b reeveapi.Holder) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Framework, b.Framework))
	})
	return all
}

// Amount writes as much of has as need is about: "2 cpus, 512 MB of memory". Ports are resources.
func Amount(has, need reeveapi.Amounts) string {
	var parts []string
	for _, one := range [...]struct {
		has, need float64
		unit      string
	}{
		{has.CPUs, need.CPUs, "cpus"}, {has.Mem, need.Mem, "MB of memory"}, {has.Disk, need.Disk, "MB of disk"}, {has.GPUs, need.GPUs, "gpus"},
	} {
		if one.need > 0 && one.has > 0 {
			parts = append(parts, fmt.Sprintf("%.6g %s", one.has, one.unit))
		}
	}
	if len(parts) == 0 {
		return "resources"
	}
	return strings.Join(parts, ", ")
}

// Names lists names, the first few of them if there are many.
func Names(all []string) string {
	const few = 3
	if len(all) <= few+1 {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:few], ", "), len(all)-few)
}

// Text says of what need is about who holds it for how long: "2 cpus of a1, a2 are on offer to framework x (for 12s)". With a
// zero now it says since when instead, which stays true.
func Text(all []reeveapi.Holder, need reeveapi.Amounts, now time.Time) string {
	const few = 3
	parts := make([]string, 0, few+1)
	for i, h := range all {
		if i == few {
			parts = append(parts, fmt.Sprintf("more to %d other frameworks", len(all)-few))
			break
		}
		text := fmt.Sprintf("%s of %s are on offer to framework %s (%s)", Amount(h.Resources, need), Names(h.Agents), Name(h), span(h, now))
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// Name is what people call a holder.
func Name(h reeveapi.Holder) string { return cmp.Or(h.FrameworkName, h.Framework) }

// span says how long a holder has had its offers, and when they time out if they do.
func span(h reeveapi.Holder, now time.Time) string {
	if now.IsZero() {
		text := "since " + h.Since.UTC().Format(time.TimeOnly)
		if !h.Until.IsZero() {
			text += ", timing out at " + h.Until.UTC().Format(time.TimeOnly)
		}
		return text
	}
	text := "for " + Short(now.Sub(h.Since))
	if !h.Until.IsZero() {
		text += ", timing out in " + Short(h.Until.Sub(now))
	}
	return text
}

// Short writes a span in whole seconds, whole minutes from ten minutes on.
func Short(d time.Duration) string {
	d = max(d, 0).Round(time.Second)
	if d >= 10*time.Minute {
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
	return d.String()
}
