// Package maintenance is the verb reeve maintenance: it shows when which machines are to be taken down, and changes that. The
// masters keep the schedule; the rules are theirs. Start reading at Command.
package maintenance

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/cli/deed"
	"codeberg.org/reeve/reeve/tui/cli/output"
	"codeberg.org/reeve/reeve/tui/cli/steer"
)

// Config is what the verb needs of the command line.
type Config struct{ deed.Config }

// Command returns the verb.
func Command(cfg Config) *cobra.Command {
	command := &cobra.Command{
		Use: "maintenance", Short: "List the machines that are to be taken down; schedule, start, stop and cancel change that", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return cfg.Ask(command, func(ctx context.Context, c *client.Client) error {
				all, err := c.Maintenance(ctx)
				if err != nil {
					return err
				}
				return output.Show(cfg.Printer(), rows(all), listing())
			})
		},
	}
	command.AddCommand(cfg.scheduleCommand(),
		cfg.step("start", "Take machines down: their agents are removed, and what runs there is lost", "Take %s down for maintenance? %s there is lost."),
		cfg.step("stop", "Bring machines up again, and out of the schedule", ""),
		cfg.step("cancel", "Take machines out of the schedule", ""))
	return command
}

// row is a machine with its window.
type row struct {
	reeveapi.MaintenanceMachine
	Start time.Time  `json:"start"`
	End   *time.Time `json:"end,omitempty"`
}

func rows(all reeveapi.Maintenance) []row {
	list := []row{}
	for _, w := range all.Windows {
		for _, m := range w.Machines {
			list = append(list, row{m, w.Start, w.End})
		}
	}
	return list
}

func nameOf(m reeveapi.MaintenanceMachine) string {
	if m.Hostname == "" {
		return m.IP
	}
	return m.Hostname
}

func listing() output.Listing[row] {
	return output.Listing[row]{
		Empty: "No maintenance is scheduled. \"reeve maintenance schedule AGENT\" does that.",
		Name:  func(r row) string { return nameOf(r.MaintenanceMachine) },
		Columns: []output.Column[row]{
			{Head: "MACHINE", Cell: func(r row) string { return nameOf(r.MaintenanceMachine) }},
			{Head: "IP", Cell: func(r row) string { return r.IP }},
			{Head: "STATE", Cell: func(r row) string { return r.State }},
			{Head: "START", Cell: func(r row) string { return r.Start.Local().Format("2006-01-02 15:04") }},
			{Head: "END", Cell: func(r row) string {
				if r.End == nil {
					return "open"
				}
				return r.End.Local().Format("2006-01-02 15:04")
			}},
			{Head: "TASKS", Cell: func(r row) string { return strconv.Itoa(r.Tasks) }},
			{Head: "ANSWERS", Cell: func(r row) string { return answers(r.Answers) }},
			{Head: "AGENTS", Wide: true, Cell: func(r row) string { return strings.Join(r.Agents, ",") }},
		},
	}
}

// answers sums up what frameworks said.
func answers(list []reeveapi.MaintenanceAnswer) string {
	yes, no := 0, 0
	for _, a := range list {
		if a.Accepted {
			yes++
		} else {
			no++
		}
	}
	if yes+no == 0 {
		return ""
	}
	return fmt.Sprintf("%d yes, %d no", yes, no)
}

func (cfg Config) scheduleCommand() *cobra.Command {
	var in, long time.Duration
	at := ""
	command := &cobra.Command{
		Use: "schedule AGENT…", Short: "Tell frameworks that machines will be taken down", Args: cobra.MinimumNArgs(1),
		Long: "Tell frameworks that machines will be taken down. A machine is named as its agent is, or as HOST/IP. Nothing happens by itself when\n" +
			"the time comes: \"reeve maintenance start\" takes it down.",
		RunE: func(command *cobra.Command, args []string) error {
			window := action.Window{}
			flags := command.Flags()
			switch {
			case flags.Changed("in") && at != "":
				return cfg.Usage("--in and --at say the same thing; give one")
			case in < 0:
				return cfg.Usage("--in is %s, and can't be negative", in)
			case long < 0:
				return cfg.Usage("--for is %s, and can't be negative", long)
			case at != "":
				start, err := time.Parse(time.RFC3339, at)
				if err != nil {
					return cfg.Usage("--at is %q, and must be a time such as %s", at, time.Now().Format(time.RFC3339))
				}
				window.Start = start
			case flags.Changed("in"):
				window.Start = time.Now().Add(in).Truncate(time.Second)
			}
			if flags.Changed("for") {
				window.Length = &long
			}
			return cfg.Ask(command, func(ctx context.Context, c *client.Client) error {
				agents, err := steer.Agents(ctx, c)
				if err != nil {
					return err
				}
				if window.Machines, err = action.Machines(agents, args); err != nil {
					return err
				}
				if err := c.ChangeMaintenance(ctx, "schedule", window.Request()); err != nil {
					return err
				}
				return cfg.Say("%s scheduled for maintenance; frameworks are asked to leave", strings.Join(args, ", "))
			})
		},
	}
	command.Flags().DurationVar(&in, "in", 0, "begin after this long; without it and --at, now")
	command.Flags().StringVar(&at, "at", "", "begin at this time (2006-01-02T15:04:05Z)")
	command.Flags().DurationVar(&long, "for", 0, "how long it takes; without it, nobody knows")
	return command
}

// agreed asks, if there is a question, with how much is lost.
func (cfg Config) agreed(yes bool, question string, args []string, tasks int) error {
	if question == "" {
		return nil
	}
	what := "Nothing"
	if tasks > 0 {
		what = fmt.Sprintf("What %d tasks do", tasks)
	}
	return cfg.Confirm(yes, question, strings.Join(args, ", "), what)
}

// step makes a verb that does something to machines of the schedule.
func (cfg Config) step(verb, short, question string) *cobra.Command {
	yes := false
	command := &cobra.Command{
		Use: verb + " MACHINE…", Short: short, Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return cfg.Ask(command, func(ctx context.Context, c *client.Client) error {
				all, err := c.Maintenance(ctx)
				if err != nil {
					return err
				}
				asked, tasks, err := pick(all, args)
				if err != nil {
					return err
				}
				if err := cfg.agreed(yes, question, args, tasks); err != nil {
					return err
				}
				ctx, cancel := context.WithTimeout(command.Context(), deed.Patience)
				defer cancel()
				if err := c.ChangeMaintenance(ctx, verb, asked); err != nil {
					return err
				}
				return cfg.Say("%s: %s", strings.Join(args, ", "), done[verb])
			})
		},
	}
	if question != "" {
		deed.YesFlag(command, &yes)
	}
	return command
}

// done is what is said of each step.
var done = map[string]string{
	"start": "down for maintenance", "stop": "up again", "cancel": "no maintenance any more",
}

// pick finds machines of the schedule by host name, address, or the id of an agent, and how many tasks are there.
func pick(all reeveapi.Maintenance, names []string) (asked reeveapi.MaintenanceRequest, tasks int, err error) {
	for _, name := range names {
		var found []row
		for _, r := range rows(all) {
			known := strings.EqualFold(r.Hostname, name) || r.IP == name || r.Hostname+"/"+r.IP == name
			for _, id := range r.Agents {
				known = known || id == name
			}
			if known {
				found = append(found, r)
			}
		}
		switch len(found) {
		case 0:
			return asked, 0, fmt.Errorf("no machine of the schedule is called %q; \"reeve maintenance\" lists those that there are", name)
		case 1:
			asked.Machines = append(asked.Machines, reeveapi.MachineID{Hostname: found[0].Hostname, IP: found[0].IP})
			tasks += found[0].Tasks
		default:
			return asked, 0, fmt.Errorf("%q means %d machines; name them as HOST/IP", name, len(found))
		}
	}
	return asked, tasks, nil
}
