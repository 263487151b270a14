package client

import (
	"context"
	"net/http"
	"sync"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
)

const schedulerPath = "/api/v1/scheduler"

// SchedulerStream is one subscription of a framework. Recv is for one goroutine; Send may be called by any, and sends one
// call at a time, because calls take effect in the order of their arrival.
type SchedulerStream struct {
	client  *Client
	records *records
	master  string
	id      string // Mesos-Stream-Id

	mu        sync.Mutex // held while a call is sent, guards framework
	framework *mesosv1.FrameworkID
}

// Subscribe sends a SUBSCRIBE call to the leading master. The stream ends with ctx or with Close.
func (c *Client) Subscribe(ctx context.Context, call *scheduler.Call, form codec.Codec) (*SchedulerStream, error) {
	r, err := callRequest(schedulerPath, form, call)
	if err != nil {
		return nil, err
	}
	records, err := c.open(ctx, r)
	if err != nil {
		return nil, err
	}
	s := &SchedulerStream{
		client: c, records: records, master: records.answer.Request.URL.Host,
		id: records.answer.Header.Get("Mesos-Stream-Id"), framework: call.GetFrameworkId(),
	}
	if s.id == "" {
		s.Close()
		return nil, fault.New(fault.Internal, "master %s sent no Mesos-Stream-Id", s.master)
	}
	return s, nil
}

// Recv returns the next event. After an error the stream is over, and Subscribe has to be called again.
func (s *SchedulerStream) Recv() (*scheduler.Event, error) {
	event := &scheduler.Event{}
	if err := s.records.next(event); err != nil {
		return nil, err
	}
	if event.GetType() == scheduler.Event_SUBSCRIBED {
		s.mu.Lock()
		s.framework = event.GetSubscribed().GetFrameworkId()
		s.mu.Unlock()
	}
	return event, nil
}

// Send makes a call on behalf of the subscribed framework, whose id it fills in where it is missing. It returns when the
// master has accepted the call, which is before it has taken effect. It is never sent twice.
func (s *SchedulerStream) Send(ctx context.Context, call *scheduler.Call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if call.FrameworkId == nil {
		call.FrameworkId = s.framework
	}
	r, err := callRequest(schedulerPath, s.records.codec, call)
	if err != nil {
		return err
	}
	r.header["Mesos-Stream-Id"] = []string{s.id}
	answer, err := s.client.send(ctx, s.client.scheme, s.master, r)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "send %v to master %s", call.GetType(), s.master)
	}
	if answer.StatusCode != http.StatusAccepted && answer.StatusCode != http.StatusOK {
		return refusal(answer)
	}
	discard(answer)
	return nil
}

// Master is the address of the master that the stream comes from.
func (s *SchedulerStream) Master() string { return s.master }

// Close ends the stream. The master takes it for a framework that went away.
func (s *SchedulerStream) Close() { s.records.close() }
