package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// maxHops bounds how often one attempt is sent on; masters that disagree about the leader must not play ping-pong.
const maxHops = 4

// request is one request before it is known which master gets it.
type request struct {
	method string
	path   string // with the query
	body   []byte
	header http.Header
	watch  bool // its answer is a stream that may rest
	again  bool // it changes nothing, or the second time nothing more, so that it may be sent again when an answer got lost
}

// lead sends a request to the leading master. While masters answer but none leads, it asks again until ctx ends; if none
// can be reached at all, it fails at once. The answer's body is open, and its status is a success.
func (c *Client) lead(ctx context.Context, r request) (*http.Response, error) {
	var said error // by the masters, in the last whole round
	for attempt := 0; ; attempt++ {
		answer, waiting, err := c.round(ctx, r)
		switch {
		case err == nil:
			return answer, nil
		case waiting:
			said = err
		case said != nil && r.again && ctx.Err() != nil:
			return nil, said // it tells more than that the time is over
		default:
			return nil, err
		}
		if electionPause.Sleep(ctx, attempt) != nil {
			return nil, said
		}
	}
}

// round asks every master once. waiting means that it is worth asking again.
func (c *Client) round(ctx context.Context, r request) (answer *http.Response, waiting bool, err error) {
	var failed []error
	named := c.candidates()
	for i, asked := 0, named; i < len(asked); i++ {
		master := asked[i]
		answer, err := c.follow(ctx, master, r)
		c.note(master, err)
		other, further := errors.AsType[*elsewhere](err)
		switch {
		case err == nil:
			return answer, false, nil
		case further:
			if !slices.Contains(asked, other.master) && len(asked) < len(named)+maxHops {
				asked = append(asked, other.master)
			}
		case i >= len(named) && unsent(err):
			waiting = true
			failed = append(failed, fault.New(fault.Unavailable,
				"the leading master is said to be %s, which is none of those named and cannot be reached: %v; name it with --master by the address of its proxy", master, err))
		case ctx.Err() != nil:
			return nil, false, fault.Wrap(fault.Unavailable, context.Cause(ctx), "ask master %s", master)
		case unsent(err):
			failed = append(failed, err)
		case fault.KindOf(err) == fault.Unavailable || r.again && lost(err):
			waiting = true
			failed = append(failed, err)
		case lost(err):
			return nil, false, fault.Wrap(fault.Unavailable, err,
				"master %s went away before it answered; look whether it took effect before you try again", master)
		default:
			return nil, false, err
		}
	}
	c.remember("")
	if waiting {
		return nil, true, failed[len(failed)-1]
	}
	var names []string
	for _, m := range c.options.Masters {
		names = append(names, c.named(m))
	}
	return nil, false, fault.Wrap(fault.Unavailable, errors.Join(failed...), "no master can be reached at %s; name others with --master",
		strings.Join(names, ", "))
}

// lost reports whether an answer went missing between us and a master, as opposed to an answer that says no.
func lost(err error) bool {
	_, answered := errors.AsType[*fault.Error](err)
	return !answered
}

// follow sends a request to one master and where that sends it on to. A leader that cannot be reached has died a moment
// ago, most likely, and the masters will know of another one soon.
func (c *Client) follow(ctx context.Context, master string, r request) (*http.Response, error) {
	for hop := range maxHops {
		answer, err := c.send(ctx, c.scheme, master, r)
		if hop > 0 && err != nil && unsent(err) {
			return nil, fault.New(fault.Unavailable, "the leading master is said to be %s, which cannot be reached: %v", master, err)
		}
		if err != nil {
			return nil, err
		}
		if answer.StatusCode == http.StatusTemporaryRedirect {
			next, err := location(answer)
			discard(answer)
			if err != nil {
				return nil, err
			}
			if master = next; !c.atOnce(next) {
				return nil, &elsewhere{next}
			}
			continue
		}
		if answer.StatusCode < 200 || answer.StatusCode > 299 {
			return nil, refusal(answer)
		}
		c.remember(master)
		return answer, nil
	}
	return nil, fault.New(fault.Unavailable, "the masters disagree about who leads")
}

// location reads "//host:port/path", the redirect of Mesos (spec 1.6).
func location(answer *http.Response) (string, error) {
	to, err := url.Parse(answer.Header.Get("Location"))
	if err != nil || to.Host == "" {
		return "", fault.New(fault.Unavailable, "the master redirects to %q, which is no address", answer.Header.Get("Location"))
	}
	return to.Host, nil
}

// send sends a request to one peer. Its errors are the network's, without a kind.
func (c *Client) send(ctx context.Context, scheme, peer string, r request) (*http.Response, error) {
	httpRequest, err := http.NewRequestWithContext(ctx, r.method, scheme+"://"+peer+r.path, bytes.NewReader(r.body))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "ask %s", peer)
	}
	maps.Copy(httpRequest.Header, r.header)
	if onThisMachine(peer) {
		httpRequest.Header.Set("Accept-Encoding", "identity") // to pack and unpack takes longer than the way that it makes shorter
	}
	if c.options.User != "" {
		httpRequest.Header.Set(reeveapi.UserHeader, c.options.User)
	}
	c.authenticate(httpRequest)
	through := c.http
	if r.watch {
		through = c.watch
	}
	answer, err := through.Do(httpRequest)
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // its text repeats the method and the URL, which tells people nothing
	}
	return answer, handshake(scheme, peer, err)
}

// authenticate says who asks, but where others could listen to it only if nothing better was wanted.
func (c *Client) authenticate(r *http.Request) {
	if c.options.Secret != "" && r.URL.Scheme == c.scheme {
		r.SetBasicAuth(c.options.Principal, c.options.Secret)
	}
}

// onThisMachine says whether a peer is surely here.
func onThisMachine(peer string) bool {
	host, _, err := net.SplitHostPort(peer)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// ask sends a request to one agent and returns its successful answer with an open body.
func (c *Client) ask(ctx context.Context, agent string, r request) (*http.Response, error) {
	answer, err := c.send(ctx, c.peers, agent, r)
	if err != nil && c.peers == secure && errors.Is(err, http.ErrSchemeMismatch) {
		return nil, fault.Wrap(fault.Unavailable, err, "ask agent %s by https as the masters; if only masters have a proxy and the network of agents is trusted, say --plain-agents", agent)
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "ask agent %s", agent)
	}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return nil, refusal(answer)
	}
	return answer, nil
}

// discard ends an answer that nobody reads, so that its connection can be used again.
func discard(answer *http.Response) {
	_, _ = io.CopyN(io.Discard, answer.Body, maxRefusal) // what is not read is cut off by the close
	_ = answer.Body.Close()                              // nothing was written
}
