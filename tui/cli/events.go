package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/cli/output"
	"codeberg.org/reeve/reeve/tui/cli/stream"
)

func (a *app) eventsCommand() *cobra.Command {
	follow := false
	command := &cobra.Command{
		Use: "events", Short: "Print what happened last: to whom, who did it, and why", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if !follow {
				return a.ask(command, a.lastEvents)
			}
			return a.followEvents(command.Context())
		},
	}
	command.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what happens next; JSON is one event a line then, YAML one a document")
	return command
}

func (a *app) lastEvents(ctx context.Context, c *client.Client) error {
	events, err := c.Events(ctx, 0)
	if err != nil {
		return err
	}
	return output.Show(a.printer(), events, output.Listing[reeveapi.Event]{
		Empty: "Nothing has happened yet.",
		Name:  func(e reeveapi.Event) string { return e.ID },
		Columns: []output.Column[reeveapi.Event]{
			{Head: "TIME", Cell: func(e reeveapi.Event) string { return e.At.Local().Format(time.DateTime) }},
			{Head: "KIND", Cell: func(e reeveapi.Event) string { return e.Kind }},
			{Head: "SUBJECT", Cell: func(e reeveapi.Event) string { return e.Subject }},
			{Head: "AGENT", Cell: func(e reeveapi.Event) string { return e.Agent }},
			{Head: "WHO", Cell: func(e reeveapi.Event) string { return e.Who }},
			{Head: "TEXT", Cell: func(e reeveapi.Event) string { return e.Text }},
			{Head: "ID", Wide: true, Cell: func(e reeveapi.Event) string { return e.ID }},
		},
	})
}

// followEvents prints events until it is interrupted.
func (a *app) followEvents(ctx context.Context) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	tail := stream.Tail{Take: a.printEvent, Notes: a.stderr}
	for attempt := 0; ; attempt++ {
		tail.Again()
		err := c.FollowEvents(ctx, 0, func(e *reeveapi.Event) error {
			attempt = 0
			return tail.Add(*e)
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if fault.KindOf(err) != fault.Unavailable || !tail.Heard() {
			return err
		}
		if err := rewatch.Sleep(ctx, attempt); err != nil {
			return err
		}
	}
}

func (a *app) printEvent(e reeveapi.Event) error {
	switch a.output {
	case output.JSON, output.YAML:
		return stream.Document(a.stdout, a.output, e)
	case output.Name:
		_, err := fmt.Fprintln(a.stdout, output.OneLine(e.ID))
		return err
	}
	parts := []string{e.At.Local().Format(time.DateTime), fmt.Sprintf("%-18s", e.Kind), e.Subject}
	if e.Agent != "" && e.Agent != e.Subject {
		parts = append(parts, "on "+e.Agent)
	}
	if e.Who != "" {
		parts = append(parts, "by "+e.Who)
	}
	if e.Text != "" {
		parts = append(parts, "– "+e.Text)
	}
	_, err := fmt.Fprintln(a.stdout, output.OneLine(strings.Join(parts, "  ")))
	return err
}
