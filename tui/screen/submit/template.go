package submit

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/theme"
)

// mostTemplates is how many there may be: as many as a menu has letters.
const mostTemplates = 26

// keepTemplate remembers the form's fields under the job's name.
func (s *Screen) keepTemplate() tea.Cmd {
	name := strings.TrimSpace(s.Form.Value("name"))
	if name == "" {
		return screen.Say(theme.Warn, "a template needs a name: fill in the field Name")
	}
	all := s.env.Templates("", nil)
	if _, old := all[name]; !old && len(all) >= mostTemplates {
		return screen.Say(theme.Warn, fmt.Sprintf("there are %d templates already; keep one under the name of another", len(all)))
	}
	s.env.Templates(name, s.values())
	if s.old == nil {
		s.fromTemplate(name)
		s.keepDraft()
	}
	return screen.Say(theme.Good, "kept as template "+name+"; ctrl+o takes it again")
}

// chooseTemplate asks for one of those that were kept.
func (s *Screen) chooseTemplate() tea.Cmd {
	all := s.env.Templates("", nil)
	if len(all) == 0 {
		return screen.Say(theme.Dim, "there is no template yet; ctrl+s keeps the form as one")
	}
	menu := screen.Choose{Title: "Begin from a template"}
	for i, name := range slices.Sorted(maps.Keys(all)) {
		if i >= mostTemplates {
			break
		}
		menu.Choices = append(menu.Choices, screen.Choice{
			Key: string(rune('a' + i)), Text: name, Note: all[name]["command"],
			Msg: screen.Swap{Target: screen.Target{Kind: screen.Submit, Arg: "template:" + name}},
		})
	}
	return screen.Send(menu)
}
