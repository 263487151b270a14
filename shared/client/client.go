package client

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
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
	Masters   []string // "host:port" or "http://host:port" each, or "https://host:port" each, at least one; any master will do, the leader is found
	User      string   // told to masters as who asks, unproven; "" takes the name of this process\'s user
	Principal string   // with Secret: HTTP Basic credentials
	Secret    string

	// HeaderTimeout bounds how long a peer may think before it answers at all, streams too; 0 is 15 s.
	HeaderTimeout time.Duration

	// Authorities are whom certificates may come from, where masters are spoken to by https; nil takes this machine's.
	Authorities *x509.CertPool
	// PlainPeers: what masters name, agents above all, is asked without TLS (and without credentials) although they are not.
	PlainPeers bool

	// Dial opens connections; nil dials the network.
	Dial func(ctx context.Context, address string) (net.Conn, error)
}

// Client is safe for concurrent use. Close it to free its connections.
type Client struct {
	options Options // its masters are without a scheme
	scheme  string  // of the masters
	peers   string  // scheme of whatever the masters name
	http    *http.Client
	watch   *http.Client // for streams that may rest

	mu     sync.Mutex // guards leader and tried
	leader string     // where the last request was served, "" before the first
	tried  []Tried    // since one served a request
}

// CheckMaster says what is wrong with a master's address, nil if nothing is.
func CheckMaster(address string) error {
	_, bare := split(address)
	host, port, err := net.SplitHostPort(bare)
	number, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || host == "" || portErr != nil || number == 0 {
		return fault.New(fault.Invalid, "%q is no master's address; write host:port, such as 127.0.0.1:5050", address)
	}
	return nil
}

// CheckMasters says what is wrong with the masters of one cluster, nil if nothing is.
func CheckMasters(addresses []string) error {
	if len(addresses) == 0 {
		return fault.New(fault.Invalid, "no master given; name one as host:port")
	}
	first, _ := split(addresses[0])
	for _, m := range addresses {
		if err := CheckMaster(m); err != nil {
			return err
		}
		if scheme, _ := split(m); scheme != first {
			return fault.New(fault.Invalid, "%s is reached by %s and %s by %s; name all masters with https:// or none", addresses[0], first, m, scheme)
		}
	}
	return nil
}

// New checks the addresses; it connects to nothing yet.
func New(options Options) (*Client, error) {
	if err := CheckMasters(options.Masters); err != nil {
		return nil, err
	}
	c := &Client{scheme: plain}
	options.Masters = slices.Clone(options.Masters)
	for i, m := range options.Masters {
		c.scheme, options.Masters[i] = split(m)
	}
	if c.peers = c.scheme; options.PlainPeers {
		c.peers = plain
	}
	if options.Authorities != nil && c.scheme == plain {
		return nil, fault.New(fault.Invalid, "certificates would not be looked at: the masters (%s) are not named with https://", strings.Join(options.Masters, ", "))
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
		TLSClientConfig:       &tls.Config{RootCAs: options.Authorities, MinVersion: tls.VersionTLS12},
	}
	c.options = options
	c.http = through(t)
	watch := t.Clone()
	watch.DialContext = func(ctx context.Context, _, address string) (net.Conn, error) {
		conn, err := dial(ctx, address)
		if err != nil {
			return nil, err
		}
		return resting(ctx, conn), nil
	}
	watch.DisableKeepAlives, watch.ReadBufferSize = true, restBuffer // no connection is used for two streams: each rests as its own reader says
	c.watch = through(watch)
	return c, nil
}

func through(t *http.Transport) *http.Client {
	return &http.Client{
		Transport: t,
		// Redirects are followed here, because the body has to be sent again and the leader remembered.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
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

// Master is the address that served the last request, or the first that will be tried, as Options has it.
func (c *Client) Master() string { return c.named(c.candidates()[0]) }

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
