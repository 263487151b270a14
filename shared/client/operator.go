package client

import (
	"context"
	"strings"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/agent"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
)

// Operator makes an operator call of the Mesos v1 API at the leading master. Calls that are answered with nothing return
// an empty response. For SUBSCRIBE use OperatorEvents.
func (c *Client) Operator(ctx context.Context, call *master.Call) (*master.Response, error) {
	r, err := callRequest("/api/v1", codec.Protobuf, call)
	if err != nil {
		return nil, err
	}
	r.again = reading(call.GetType().String())
	answer, err := c.leadFor(ctx, r)
	if err != nil {
		return nil, err
	}
	response := &master.Response{}
	return response, answer.message(response)
}

// Teardown ends a framework and all it runs, for ever.
func (c *Client) Teardown(ctx context.Context, framework string) error {
	_, err := c.Operator(ctx, &master.Call{
		Type: master.Call_TEARDOWN.Enum(), Teardown: &master.Call_Teardown{FrameworkId: &mesosv1.FrameworkID{Value: &framework}},
	})
	return err
}

// OperatorEvents subscribes to the Mesos operator's event stream and calls event with each, until event or the stream
// fails or ctx ends. The error says which; it is never nil.
func (c *Client) OperatorEvents(ctx context.Context, event func(*master.Event) error) error {
	r, err := callRequest("/api/v1", codec.Protobuf, &master.Call{Type: master.Call_SUBSCRIBE.Enum()})
	if err != nil {
		return err
	}
	r.again = true
	records, err := c.open(ctx, r)
	if err != nil {
		return err
	}
	defer records.close()
	for {
		e := &master.Event{}
		if err := records.next(e); err != nil {
			return err
		}
		if err := event(e); err != nil {
			return err
		}
	}
}

// AgentCall makes an operator call at one agent, "host:port".
func (c *Client) AgentCall(ctx context.Context, agentHTTP string, call *agent.Call) (*agent.Response, error) {
	r, err := callRequest("/api/v1", codec.Protobuf, call)
	if err != nil {
		return nil, err
	}
	answer, err := c.askFor(ctx, agentHTTP, r)
	if err != nil {
		return nil, err
	}
	response := &agent.Response{}
	return response, answer.message(response)
}

// reading reports whether a call of that type changes nothing.
func reading(callType string) bool {
	for _, prefix := range readPrefixes {
		if strings.HasPrefix(callType, prefix) {
			return true
		}
	}
	return false
}
