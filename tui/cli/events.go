package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/cli/output"
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
	command.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what happens next; JSON is one event a line then")
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
	tail := eventTail{print: a.printEvent}
	for attempt := 0; ; attempt++ {
		err := c.FollowEvents(ctx, 0, func(e *reeveapi.Event) error {
			attempt = 0
			return tail.take(*e)
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if fault.KindOf(err) != fault.Unavailable || !tail.heard {
			return err
		}
		if err := rewatch.Sleep(ctx, attempt); err != nil {
			return err
		}
	}
}

// eventTail prints every event once. A stream that is asked for again begins with old events: what was printed before is
// known by its output.Number, or by its time if another leader counts anew.
type eventTail struct {
	print func(reeveapi.Event) error
	last  reeveapi.Event
	heard bool
}

func (t *eventTail) take(e reeveapi.Event) error {
	t.heard = true
	if e.Seq <= t.last.Seq && !e.At.After(t.last.At) {
		return nil
	}
	t.last = e
	return t.print(e)
}

func (a *app) printEvent(e reeveapi.Event) error {
	switch a.output {
	case output.JSON, output.YAML:
		text, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("write JSON: %w", err)
		}
		_, err = fmt.Fprintln(a.stdout, string(text))
		return err
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
