package view

import "fmt"

// Away says, behind what is not known, that agents which may know it have not come to this leader yet; "" if all have.
func Away(agents int) string {
	switch agents {
	case 0:
		return ""
	case 1:
		return "; 1 agent has not come to this new leader yet, and may have it"
	default:
		return fmt.Sprintf("; %d agents have not come to this new leader yet, and may have it", agents)
	}
}

// Away counts the agents that have not come to this leader yet.
func (v *View) Away() (n int) {
	for _, a := range v.Agents {
		if a.State == AgentRecovered {
			n++
		}
	}
	return n
}
