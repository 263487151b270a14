package client

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"codeberg.org/reeve/reeve/shared/backoff"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/transport"
)

// headerTimeout is how long peers may think that nobody says otherwise of.
const headerTimeout = 15 * time.Second

// electionPause is how often masters are asked again while they elect a leader: the first time soon, because an election
// takes about a second.
var electionPause = backoff.Policy{Base: 200 * time.Millisecond, Cap: 2 * time.Second}

// Options say how to reach a cluster.
type Options struct {
	Masters   []string // "host:port" each, at least one; any master will do, the leader is found
	User      string   // told to masters as who asks, unproven; "" takes the name of this process\'s user
	Principal string   // with Secret: HTTP Basic credentials
	Secret    string

	// HeaderTimeout bounds how long a peer may think before it answers at all, streams too; 0 is 15 s.
	HeaderTimeout time.Duration

	// Dial opens connections; nil dials the network.
	Dial func(ctx context.Context, address string) (net.Conn, error)
}

// Client is safe for concurrent use. Close it to free its connections.
type Client struct {
	options Options
	http    *http.Client

	mu     sync.Mutex // guards leader
	leader string     // where the last request was served, "" before the first
}

// CheckMaster says what is wrong with a master's address, nil if nothing is.
func CheckMaster(address string) error {
	host, port, err := net.SplitHostPort(address)
	number, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || host == "" || portErr != nil || number == 0 {
		return fault.New(fault.Invalid, "%q is no master's address; write host:port, such as 127.0.0.1:5050", address)
	}
	return nil
}

// New checks the addresses; it connects to nothing yet.
func New(options Options) (*Client, error) {
	if len(options.Masters) == 0 {
		return nil, fault.New(fault.Invalid, "no master given; name one as host:port")
	}
	for _, m := range options.Masters {
		if err := CheckMaster(m); err != nil {
			return nil, err
		}
	}
	if options.User == "" {
		if u, err := user.Current(); err == nil { // a user without a name is named by the address
			options.User = u.Username
		}
	}
	dial := options.Dial
	if dial == nil {
		dial = transport.Config{}.Dial
	}
	t := &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			return dial(ctx, address)
		},
		ResponseHeaderTimeout: cmp.Or(options.HeaderTimeout, headerTimeout),
		MaxIdleConnsPerHost:   4,
		IdleConnTimeout:       time.Minute,
	}
	return &Client{
		options: options,
		http: &http.Client{
			Transport: t,
			// Redirects are followed here, because the body has to be sent again and the leader remembered.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Masters splits a list as --master has it: "a:5050,b:5050".
func Masters(list string) []string {
	var masters []string
	for m := range strings.SplitSeq(list, ",") {
		if m = strings.TrimSpace(m); m != "" {
			masters = append(masters, m)
		}
	}
	return masters
}

// Close frees idle connections. Streams end with their contexts.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Master is the address that served the last request, or the first that will be tried.
func (c *Client) Master() string { return c.candidates()[0] }

// candidates lists the masters in the order to try them.
func (c *Client) candidates() []string {
	c.mu.Lock()
	leader := c.leader
	c.mu.Unlock()
	if leader == "" {
		return c.options.Masters
	}
	others := slices.DeleteFunc(slices.Clone(c.options.Masters), func(m string) bool { return m == leader })
	return append([]string{leader}, others...)
}

func (c *Client) remember(leader string) {
	c.mu.Lock()
	c.leader = leader
	c.mu.Unlock()
}

// unsent reports whether a request certainly never reached the other side, so that it may be sent elsewhere.
func unsent(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	if ok && op.Op == "dial" {
		return true
	}
	_, dns := errors.AsType[*net.DNSError](err)
	return dns
}
