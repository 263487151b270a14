package roles

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

// frameworks are those that have not ended, those with most cores first.
func (s *Screen) frameworks() []*reeveapi.Framework {
	var out []*reeveapi.Framework
	for _, f := range s.Env.Store.Snapshot().Frameworks.Rows() {
		if f.State != reeveapi.FrameworkCompleted {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b *reeveapi.Framework) int {
		return cmp.Or(cmp.Compare(b.Allocated.CPUs, a.Allocated.CPUs), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// below draws the frameworks, those of the cursor's role first and marked.
func (s *Screen) below(a frame.Area, all []*reeveapi.Framework, of *role) {
	if a.H < 3 {
		return
	}
	if of != nil {
		all = slices.Clone(all)
		slices.SortStableFunc(all, func(x, y *reeveapi.Framework) int {
			return cmp.Compare(map[bool]int{true: 0, false: 1}[label.Within(x, of.Name)], map[bool]int{true: 0, false: 1}[label.Within(y, of.Name)])
		})
	}
	states := map[string]int{}
	for _, f := range s.Env.Store.Snapshot().Frameworks.Rows() {
		states[f.State]++
	}
	x := a.Text(0, 0, theme.Title, "FRAMEWORKS") + 2
	a.Text(x, 0, theme.Dim, a.Clip(fmt.Sprintf("active %d  inactive %d  ended %d  (4 opens)", states[reeveapi.FrameworkActive],
		states[reeveapi.FrameworkInactive]+states[reeveapi.FrameworkRecovered], states[reeveapi.FrameworkCompleted]), a.W-x))
	name := max(min(a.W-60, 30), 14)
	heads := []string{"TASKS", "CPUS", "MEM", "DISK"}
	a.Left(2, 1, name, theme.Dim, "FRAMEWORK")
	a.Left(name+3, 1, 11, theme.Dim, "STATE")
	for i, head := range heads {
		a.Right(name+14+7*i, 1, 7, theme.Dim, head)
	}
	end := name + 14 + 7*len(heads) + 2
	a.Left(end, 1, a.W-end, theme.Dim, "ROLES")
	for i, f := range all {
		y := i + 2
		if y == a.H-1 && len(all)-i > 1 {
			a.Text(2, y, theme.Dim, fmt.Sprintf("%s %d more", a.Theme().Glyph.More, len(all)-i))
			return
		}
		text := theme.Text
		if of != nil && label.Within(f, of.Name) {
			a.Text(0, y, theme.Accent, a.Theme().Glyph.Crumb)
		} else {
			text = theme.Dim
		}
		a.Left(2, y, name, text, f.Name)
		state, role := label.Framework(a.Theme(), f.State)
		a.Left(name+3, y, 11, role, state)
		tasks := f.Tasks["TASK_STAGING"] + f.Tasks["TASK_STARTING"] + f.Tasks["TASK_RUNNING"] + f.Tasks["TASK_KILLING"] + f.Tasks["TASK_UNREACHABLE"]
		for n, v := range []string{fmt.Sprint(tasks), gauge.CPUs(f.Allocated.CPUs), gauge.MB(f.Allocated.Mem), gauge.MB(f.Allocated.Disk)} {
			a.Right(name+14+7*n, y, 7, text, v)
		}
		a.Left(end, y, a.W-end, text, strings.Join(f.Roles, ", "))
	}
}
