package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/shorthand"
	"codeberg.org/reeve/reeve/shared/watchline"
)

const (
	watchSilence = 15 * time.Second // a line comes every 5 s at the latest (reeveapi.Watch)
	forever      = 1 << 62          // events come when something happens; TCP's own probes find a dead master
	maxLine      = maxAnswer        // the snapshot of a very large cluster
	lineBuffer   = 128 << 10        // a second of a busy cluster
	keepLine     = 4 << 20          // memory of a line that the next one uses again; a snapshot may be larger
)

// Watch follows the cluster: it calls line with the snapshot and then with every change, until line or the stream fails or
// ctx ends. The error says which; it is never nil. line may keep what it is given, but must not change its maps: those of
// one task may be another's. A caller that wants more watches again and starts from a snapshot. WithRest is for one that has time.
func (c *Client) Watch(ctx context.Context, line func(*reeveapi.Watch) error) error {
	var reader watchline.Reader
	var whole shorthand.Reader
	read := func(text []byte) (*reeveapi.Watch, error) {
		w, err := reader.Read(text)
		if err != nil {
			return nil, err
		}
		return w, whole.Whole(w)
	}
	return lines(ctx, c, "/watch?brief=1", watchSilence, read, line)
}

// FollowEvents calls event with everything that happened after the event with that number and goes on with what happens
// next, until event or the stream fails or ctx ends. The error says which; it is never nil.
func (c *Client) FollowEvents(ctx context.Context, since uint64, event func(*reeveapi.Event) error) error {
	read := func(text []byte) (*reeveapi.Event, error) {
		e := &reeveapi.Event{}
		return e, json.Unmarshal(text, e)
	}
	return lines(ctx, c, "/events?follow=1&since="+strconv.FormatUint(since, 10), forever, read, event)
}

// lines reads a stream of JSON lines that never falls silent for longer than silence.
func lines[T any](ctx context.Context, c *Client, path string, silence time.Duration, read func(text []byte) (*T, error), take func(*T) error) error {
	ctx, dog := watch(ctx, silence)
	defer dog.stop()
	answer, err := c.lead(ctx, request{method: http.MethodGet, path: base + path, watch: true, again: true})
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // nothing was written
	in := bufio.NewReaderSize(dog.guard(answer.Body), lineBuffer)
	var memory []byte
	for {
		line, err := readLine(in, memory[:0])
		if err != nil {
			return c.linesEnded(ctx, err)
		}
		text := bytes.TrimSpace(line)
		if cap(line) <= keepLine {
			memory = line
		}
		if len(text) == 0 {
			continue
		}
		value, err := read(text)
		if err != nil {
			return fault.Wrap(fault.Internal, err, "the master's stream can't be read")
		}
		if err := take(value); err != nil {
			return err
		}
	}
}

func (c *Client) linesEnded(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	switch {
	case errors.Is(err, errSilent):
		return fault.Wrap(fault.Unavailable, err, "master %s said nothing for %s", c.Master(), watchSilence)
	case errors.Is(err, io.EOF):
		return fault.Wrap(fault.Unavailable, err, "master %s ended the stream", c.Master())
	default:
		return fault.Wrap(fault.Unavailable, err, "the stream of master %s broke off", c.Master())
	}
}

// readLine appends to text what comes up to a newline, and no more than maxLine.
func readLine(in *bufio.Reader, text []byte) ([]byte, error) {
	for {
		part, err := in.ReadSlice('\n')
		if len(part) > cap(text)-len(text) { // append would grow it by a quarter, and a snapshot is long
			text = slices.Grow(text, max(len(part), len(text)))
		}
		text = append(text, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull) && len(text) <= maxLine:
			continue
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, fmt.Errorf("a line is longer than %d bytes", maxLine)
		case errors.Is(err, io.EOF) && len(bytes.TrimSpace(text)) > 0:
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		default:
			return text, nil
		}
	}
}
