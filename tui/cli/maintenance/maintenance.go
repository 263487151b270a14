// Package maintenance is the verb reeve maintenance: it shows when which machines are to be taken down, and changes that. The
// masters keep the schedule; the rules are theirs. Start reading at Command.
package maintenance

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/reeveapi"
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
			asked := reeveapi.MaintenanceRequest{}
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
				asked.Start = start
			case flags.Changed("in"):
				asked.Start = time.Now().Add(in).Truncate(time.Second)
			}
			if flags.Changed("for") {
				asked.DurationSeconds = new(long.Seconds())
			}
			return cfg.Ask(command, func(ctx context.Context, c *client.Client) error {
				for _, name := range args {
					m, err := byAgent(ctx, c, name)
					if err != nil {
						return err
					}
					asked.Machines = append(asked.Machines, m)
				}
				if err := c.ChangeMaintenance(ctx, "schedule", asked); err != nil {
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

// byAgent is the machine of an agent that a person names, or HOST/IP.
func byAgent(ctx context.Context, c *client.Client, name string) (reeveapi.MachineID, error) {
	if host, ip, ok := strings.Cut(name, "/"); ok && net.ParseIP(ip) != nil {
		return reeveapi.MachineID{Hostname: host, IP: ip}, nil
	}
	agent, err := steer.Find(ctx, c, name)
	if err != nil {
		return reeveapi.MachineID{}, err
	}
	if agent.HTTP == "" {
		return reeveapi.MachineID{}, fmt.Errorf("the address of agent %s is not known: it has not come to the master that leads now yet; try again, or name it HOST/IP", agent.Name)
	}
	ip, _, err := net.SplitHostPort(agent.HTTP)
	if err != nil {
		return reeveapi.MachineID{}, fmt.Errorf("the address of agent %s is %q: %w", agent.Name, agent.HTTP, err)
	}
	return reeveapi.MachineID{Hostname: agent.Name, IP: ip}, nil
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
