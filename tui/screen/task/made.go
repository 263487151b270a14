package task

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

const (
	digestRoom = 110                    // columns from which on a digest is written out
	digestHead = len("sha256:") + 12    // of it, where there is less
	mostFiles  = 4                      // that are named of what was fetched
	madeWidth  = 118                    // columns from which on what the container was made of stands below the states
	madeHeight = 28                     // and lines
	cached     = "was in the cache"     // of what the agent had: an artifact
	had        = "the agent had it all" // or an image
)

// image is the container's image, with what is known of it: its digest, its size, and what the pull took.
func (i *inside) image(t *reeveapi.Task, w int) string {
	if i.now == nil || len(i.now.Images) == 0 || i.now.Images[0].Path != "" {
		return cmp.Or(t.Image, "the host's files")
	}
	of := i.now.Images[0]
	digest := of.Digest
	if w < digestRoom {
		digest = digest[:min(digestHead, len(digest))]
	}
	is, took := of.Name+"  "+digest, gauge.Bytes(of.Bytes)+", "+brought(of)
	if frame.Width(is)+2+frame.Width(took) > w-factWidth-2 {
		return is + "\n" + took
	}
	return is + "  " + took
}

// brought is what the pull of an image took.
func brought(of reeveapi.ContainerImage) string {
	if of.PulledBytes == 0 {
		return had
	}
	return "pulled " + gauge.Bytes(of.PulledBytes) + " in " + lasted(of.Seconds)
}

// fetched is what URIs brought, a line each; those alone that the task asked for where an agent does not tell.
func (i *inside) fetched() string {
	d := i.now
	if len(d.Artifacts) == 0 {
		return strings.Join(d.URIs, "\n")
	}
	var lines []string
	for _, a := range d.Artifacts[:min(len(d.Artifacts), mostFiles)] {
		how := " in " + lasted(a.Seconds)
		if a.Cached {
			how += ", " + cached
		}
		lines = append(lines, a.URI+"  "+gauge.Bytes(a.Bytes)+how)
	}
	if n := len(d.Artifacts) - mostFiles; n > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(lines, "\n")
}

// volumes are what the container has mounted, images with their digests.
func (i *inside) volumes() string {
	lines := append([]string{}, i.now.Volumes...)
	for _, of := range i.now.Images {
		if of.Path != "" {
			lines = append(lines, of.Path+" is "+of.Digest[:min(digestHead, len(of.Digest))]+", "+brought(of))
		}
	}
	return strings.Join(lines, "\n")
}

// made draws below the states what had to be brought before the task could begin, where there is room. It answers how many lines
// it took.
func (s *Screen) made(a frame.Area, all frame.Area) int {
	d := s.in.now
	if d == nil || all.W < madeWidth || all.H < madeHeight || len(d.Images)+len(d.Artifacts) == 0 {
		return 0
	}
	x := 0
	tell := func(name, value string) {
		x = a.Text(x, 0, theme.Dim, name+" ")
		x = a.Text(x, 0, theme.Text, value) + 4
	}
	if n := len(d.Artifacts); n > 0 {
		var bytes int64
		var seconds float64
		hits := 0
		for _, f := range d.Artifacts {
			bytes, seconds = bytes+f.Bytes, seconds+f.Seconds
			if f.Cached {
				hits++
			}
		}
		text := fmt.Sprintf("%d files (%s) in %s", n, gauge.Bytes(bytes), lasted(seconds))
		if n == 1 {
			text = fmt.Sprintf("1 file (%s) in %s", gauge.Bytes(bytes), lasted(seconds))
		}
		if hits > 0 {
			text += fmt.Sprintf(", %d from the cache", hits)
		}
		tell("fetched", text)
	}
	for _, of := range d.Images {
		name := "image"
		if of.Path != "" {
			name = "image at " + of.Path
		}
		tell(name, brought(of))
	}
	return 1
}

// gpus is how many GPUs a task has asked for, behind its other resources.
func gpus(t *reeveapi.Task) string {
	if t.Requested.GPUs == 0 {
		return ""
	}
	return fmt.Sprintf(" %g gpus", t.Requested.GPUs)
}

// lasted is how long something took, which may be much less than a second.
func lasted(seconds float64) string {
	switch {
	case seconds < 1:
		return fmt.Sprintf("%.0fms", seconds*1000)
	case seconds < 60:
		return fmt.Sprintf("%.1fs", seconds)
	}
	return gauge.Age(time.Duration(seconds * float64(time.Second)))
}
