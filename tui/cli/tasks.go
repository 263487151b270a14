package cli

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/taskstate"
	"codeberg.org/reeve/reeve/tui/cli/find"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

// taskFilter is what the flags of tasks ask for. Empty fields ask for nothing.
type taskFilter struct {
	all                                bool
	state, framework, agent, role, job string
}

func (a *app) tasksCommand() *cobra.Command {
	f := taskFilter{}
	command := &cobra.Command{
		Use: "tasks", Short: "List tasks", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if _, known := taskstate.Parse(f.state); f.state != "" && !known {
				return usagef("--state %q is no state of a task; use running, failed, lost, …", f.state)
			}
			return a.ask(command, func(ctx context.Context, c *client.Client) error {
				query := client.TaskQuery{Live: !f.all && f.state == "", Fields: f.fields(a.printer().Form)}
				if a.printer().Tabular() {
					return showTasks(ctx, c, query, f, a.printer())
				}
				tasks, err := c.QueryTasks(ctx, query)
				if err != nil {
					return err
				}
				tasks = slices.DeleteFunc(tasks, func(t reeveapi.Task) bool { return !f.match(t) })
				oldestFirst(tasks)
				return output.Show(a.printer(), tasks, taskListing(f.all))
			})
		},
	}
	command.Flags().BoolVar(&f.all, "all", false, "show ended ones, too")
	command.Flags().StringVar(&f.state, "state", "", "only tasks in that state, such as running or failed")
	command.Flags().StringVar(&f.framework, "framework", "", "only tasks of that framework, by id or name")
	command.Flags().StringVar(&f.agent, "agent", "", "only tasks on that agent, by id or name")
	command.Flags().StringVar(&f.role, "role", "", "only tasks of that role")
	command.Flags().StringVar(&f.job, "job", "", "only tasks of that job")
	return command
}

// showTasks prints tasks as a table. It keeps of each only its cells: a cluster has very many tasks, and memory that is new to
// a process costs as much as reading them.
func showTasks(ctx context.Context, c *client.Client, query client.TaskQuery, f taskFilter, p output.Printer) error {
	var launched []time.Time
	rows := output.NewRows(p, taskListing(f.all))
	err := c.EachTask(ctx, query, func(t *reeveapi.Task) {
		if f.match(*t) {
			rows.Add(*t)
			launched = append(launched, t.Launched)
		}
	})
	if err != nil {
		return err
	}
	if !slices.IsSortedFunc(launched, time.Time.Compare) { // masters send the oldest first
		rows.Sort(func(i, j int) int { return launched[i].Compare(launched[j]) })
	}
	return rows.Show()
}

// oldestFirst sorts tasks. Masters send them so already; to find that out costs less than to sort them again.
func oldestFirst(tasks []reeveapi.Task) {
	for i := 1; i < len(tasks); i++ {
		if tasks[i].Launched.Before(tasks[i-1].Launched) {
			slices.SortStableFunc(tasks, func(x, y reeveapi.Task) int { return x.Launched.Compare(y.Launched) })
			return
		}
	}
}

// fields are the keys of tasks that a form needs, and none if it needs all: most of a task is what its line does not show.
func (f taskFilter) fields(form string) []string {
	fields := []string{"id", "framework_name", "agent_name", "state", "launched"}
	switch form {
	case output.Table:
		fields = append(fields, "message", "healthy", "requested", "pull", "ended")
	case output.Name:
		fields = append(fields, "framework")
	default:
		return nil
	}
	for key, text := range map[string]string{"framework": f.framework, "agent": f.agent, "role": f.role, "job": f.job} {
		if text != "" && !slices.Contains(fields, key) {
			fields = append(fields, key)
		}
	}
	return fields
}

func (f taskFilter) match(t reeveapi.Task) bool {
	if f.state != "" {
		wanted, _ := taskstate.Parse(f.state) // checked by the command
		if wanted.String() != t.State {
			return false
		}
	} else if !f.all && taskstate.TerminalName(t.State) {
		return false
	}
	return (f.framework == "" || f.framework == t.Framework || f.framework == t.FrameworkName) &&
		(f.agent == "" || f.agent == t.Agent || f.agent == t.AgentName) &&
		(f.role == "" || f.role == t.Role) && (f.job == "" || f.job == t.Job)
}

// stateOf is a task's state in a word; one that runs and fails its health check is unhealthy, and one whose image is on the
// way says how far that is.
func stateOf(t reeveapi.Task) string {
	if t.Pull != nil {
		return taskstate.LabelOf(t.State) + ", " + t.Message
	}
	if t.Healthy != nil && !*t.Healthy && t.Ended.IsZero() {
		return "unhealthy"
	}
	return taskstate.LabelOf(t.State)
}

// healthOf is what a task's health check has found last, "-" without one.
func healthOf(t reeveapi.Task) string {
	switch {
	case t.Healthy == nil:
		return "-"
	case *t.Healthy:
		return "healthy"
	}
	return "unhealthy"
}

func taskListing(all bool) output.Listing[reeveapi.Task] {
	empty := "No tasks. --all shows ended ones, too."
	if all {
		empty = "No tasks."
	}
	columns := []output.Column[reeveapi.Task]{
		{Head: "ID", Cell: func(t reeveapi.Task) string { return t.ID }},
		{Head: "STATE", Cell: stateOf},
		{Head: "FRAMEWORK", Cell: func(t reeveapi.Task) string { return t.FrameworkName }},
		{Head: "AGENT", Cell: func(t reeveapi.Task) string { return t.AgentName }},
	}
	columns = append(columns, output.AmountColumns(func(t reeveapi.Task) reeveapi.Amounts { return t.Requested })...)
	return output.Listing[reeveapi.Task]{
		Empty: empty,
		Name:  find.FullName,
		Columns: append(columns, []output.Column[reeveapi.Task]{
			{Head: "PORTS", Wide: true, Cell: func(t reeveapi.Task) string { return t.Ports }},
			{Head: "AGE", Cell: func(t reeveapi.Task) string { return output.Age(time.Now(), t.Launched) }},
			{Head: "HEALTH", Wide: true, Cell: healthOf},
			{Head: "ROLE", Wide: true, Cell: func(t reeveapi.Task) string { return t.Role }},
			{Head: "JOB", Wide: true, Cell: func(t reeveapi.Task) string { return t.Job }},
			{Head: "CONTAINER", Wide: true, Cell: func(t reeveapi.Task) string { return t.Container }},
			{Head: "FRAMEWORK ID", Wide: true, Cell: func(t reeveapi.Task) string { return t.Framework }},
			{Head: "COMMAND", Wide: true, Cell: func(t reeveapi.Task) string { return t.Command }},
			{Head: "MESSAGE", Wide: true, Cell: func(t reeveapi.Task) string { return t.Message }},
		}...),
	}
}
