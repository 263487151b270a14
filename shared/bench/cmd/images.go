package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/bench"
	"codeberg.org/reeve/reeve/shared/client"
)

// images measures starts in an image that is there, and the pull of a large one. dir is where others may unpack it.
func images(ctx context.Context, o options, c *client.Client, dir string) (err error) {
	registry, err := bench.OpenRegistry()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, registry.Close()) }()
	f, err := bench.Open(ctx, c, "true")
	if err != nil {
		return err
	}
	defer f.Close()
	if err := inImage(ctx, o, f, registry); err != nil {
		return err
	}
	return pulls(ctx, c, f, registry, dir)
}

// inImage interleaves starts in an image with starts without one, and with bare ones.
func inImage(ctx context.Context, o options, f *bench.Framework, registry *bench.Registry) error {
	f.Image = registry.Small
	if _, err := f.Latencies(ctx, 3); err != nil { // brings it here
		return err
	}
	const rounds = 4
	var with, without, floor []time.Duration
	for range rounds {
		b, err := bare(ctx, o.bin, o.starts/rounds, 1)
		if err != nil {
			return err
		}
		floor = append(floor, b.starts()...)
		for _, round := range []struct {
			image string
			into  *[]time.Duration
		}{{"", &without}, {registry.Small, &with}} {
			f.Image = round.image
			l, err := f.Latencies(ctx, o.starts/rounds)
			if err != nil {
				return err
			}
			*round.into = append(*round.into, l...)
		}
	}
	fmt.Println()
	printLatency("bare libcontainer start", floor)
	printLatency("without an image", without)
	printLatency("in an image", with)
	fmt.Printf("  ratio of the medians: %.2f to without, %.2f to bare\n\n", ratio(percentile(with, 50), percentile(without, 50)), ratio(percentile(with, 50), percentile(floor, 50)))
	return nil
}

// pulls interleaves our pull of a large image, from ACCEPT to TASK_RUNNING, with that of skopeo and umoci.
func pulls(ctx context.Context, c *client.Client, f *bench.Framework, registry *bench.Registry, dir string) error {
	peers := bench.Peers()
	agents, err := c.Agents(ctx)
	if err != nil || len(agents) == 0 {
		return fmt.Errorf("find the agent: %w", err)
	}
	const rounds = 3
	var ours, theirs []time.Duration
	f.Image = registry.Large
	for range rounds {
		if err := prune(ctx, agents[0].HTTP); err != nil {
			return err
		}
		l, err := f.Latencies(ctx, 1)
		if err != nil {
			return err
		}
		ours = append(ours, l...)
		if peers != "" {
			continue
		}
		took, err := bench.PeerPull(ctx, registry.Large, dir)
		if err != nil {
			return err
		}
		theirs = append(theirs, took)
	}
	printLatency(fmt.Sprintf("pull of %d MB, to running", bench.LargeMB), ours)
	if peers != "" {
		fmt.Println("  " + peers)
		return nil
	}
	printLatency("skopeo copy, umoci unpack", theirs)
	fmt.Printf("  ratio of the medians: %.2f\n", ratio(percentile(ours, 50), percentile(theirs, 50)))
	return nil
}

// prune has the agent forget the images that no container uses; a container that has just ended may still do.
func prune(ctx context.Context, agent string) error {
	time.Sleep(time.Second)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+agent+"/api/v1", strings.NewReader(`{"type":"PRUNE_IMAGES"}`))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("PRUNE_IMAGES: %s, %w", resp.Status, err)
	}
	return nil
}
