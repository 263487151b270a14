package gossip

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/serf/serf"

	"codeberg.org/reeve/reeve/shared/fault"
)

// The tags. Keys are short because every member stores every member's tags.
const (
	TagRole    = "role" // RoleMaster or RoleAgent
	TagID      = "id"   // of the agent, or of the master's raft node: kept in the work dir
	TagHTTP    = "http" // ip:port of the HTTP API
	TagLink    = "link" // port for agents, at the host of TagHTTP (masters only)
	TagRaft    = "raft" // port for masters, at the host of TagHTTP (masters only)
	TagVersion = "v"    // of Reeve
	TagStarted = "s"    // when the process started, as Started reads it (masters only)
	TagBoot    = "b"    // random, new at every start: a quick restart makes no other event
	TagCluster = "c"    // name of the cluster (masters only)
	TagHost    = "h"    // --hostname, if it was given (masters only)
	TagExpect  = "x"    // --bootstrap-expect, while the master has no raft log (masters only)
	TagTerm    = "t"    // the term that the master won last: news of it is a hint to ask again who leads (masters only)
	TagFound   = "i"    // start of the cluster's id, once it is known (masters only)
)

// Values of TagRole.
const (
	RoleMaster = "master"
	RoleAgent  = "agent"
)

// Tags is what a member tells about itself.
type Tags map[string]string

// maxTagBytes keeps a mass join quick; Serf itself allows 512.
const maxTagBytes = 200

// Check reports whether the tags are small enough for a large cluster.
func (t Tags) Check() error {
	if n := t.size(); n > maxTagBytes {
		return fault.New(fault.Invalid, "the gossip tags need %d bytes and %d are allowed; shorten what was chosen freely, such as --cluster or --hostname", n, maxTagBytes)
	}
	return nil
}

// size is at least what the tags take in Serf's encoding: a byte of type, the map's length, and up to two bytes of length
// for each text.
func (t Tags) size() int {
	n := 2
	for k, v := range t {
		n += 2 + len(k) + len(v)
		if len(v) > 31 {
			n++
		}
	}
	return n
}

// State is what gossip believes of a member.
type State int

// Alive is entered by joining, Failed when probes find nobody, Left on the member's own word. Each is left by joining.
const (
	Alive State = iota
	Failed
	Left
)

// String names the state in lower case.
func (s State) String() string { return [...]string{"alive", "failed", "left"}[s] }

// Member is one member at one moment. Nobody may change its Tags.
type Member struct {
	Name  string // as --name says; a master and an agent of one host may share it
	Node  string // Serf's name, unique: "<name>.<role>"
	Addr  string // ip:port of its gossip
	Tags  Tags
	State State
	Since time.Time // when this process saw it enter State; when it was first heard of, if it was in State already

	RTT      time.Duration // that it takes to answer this member's probes; 0 if that is not known
	Answered time.Time     // one of them last; zero likewise
}

// Role returns the member's role, RoleMaster or RoleAgent.
func (m Member) Role() string { return m.Tags[TagRole] }

// ID returns the agent's id, or the master's raft id.
func (m Member) ID() string { return m.Tags[TagID] }

// HTTP returns ip:port of the member's API.
func (m Member) HTTP() string { return m.Tags[TagHTTP] }

// Link returns ip:port of a master's link for agents.
func (m Member) Link() string { return m.at(m.Tags[TagLink]) }

// Raft returns ip:port of a master's raft.
func (m Member) Raft() string { return m.at(m.Tags[TagRaft]) }

// at puts a port to the host of the HTTP address: tags name the host once.
func (m Member) at(port string) string {
	host, _, err := net.SplitHostPort(m.HTTP())
	if err != nil || port == "" {
		return ""
	}
	return net.JoinHostPort(host, port)
}

// nodeName is Serf's name of a member. The role is part of it, so that a master and an agent of one host, which both take
// the host's name, are two members.
func nodeName(name string, tags Tags) string { return name + "." + tags[TagRole] }

// memberOf copies a Serf member. A member that is leaving counts as alive until it has left.
func memberOf(m serf.Member) Member {
	state := Alive
	switch m.Status {
	case serf.StatusFailed:
		state = Failed
	case serf.StatusLeft, serf.StatusNone:
		state = Left
	case serf.StatusAlive, serf.StatusLeaving:
	}
	name := strings.TrimSuffix(m.Name, "."+m.Tags[TagRole])
	return Member{Name: name, Node: m.Name, Addr: net.JoinHostPort(m.Addr.String(), fmt.Sprint(m.Port)), Tags: m.Tags, State: state}
}

// merge decides whom this member agrees to know.
type merge struct{ g *Gossip }

// NotifyMerge refuses masters of another cluster and a second member of this name: two agents or masters with one name
// would take turns in everybody's view. A dead one of this name is a predecessor on this host, whose work dir is gone.
func (d merge) NotifyMerge(members []*serf.Member) error {
	d.g.mu.Lock()
	own := d.g.tags
	d.g.mu.Unlock()
	for _, m := range members {
		if c := m.Tags[TagCluster]; c != "" && own[TagCluster] != "" && c != own[TagCluster] {
			return fmt.Errorf("%s belongs to cluster %q, this is %q; correct --cluster or --join", m.Name, c, own[TagCluster])
		}
		if i := m.Tags[TagFound]; i != "" && own[TagFound] != "" && i != own[TagFound] {
			return fmt.Errorf("%s belongs to another cluster that is called %q too (id %s, this one's is %s); correct --join",
				m.Name, own[TagCluster], i, own[TagFound])
		}
		id := m.Tags[TagID]
		if m.Name == d.g.node && m.Status != serf.StatusLeft && id != "" && own[TagID] != "" && id != own[TagID] && d.answers(m) {
			return fmt.Errorf("another member is already called %s; give this one another --name", m.Name)
		}
	}
	return nil
}

// answerTimeout is how long a namesake may take to answer. Where packets vanish it is away, which is what the others see, too.
const answerTimeout = 500 * time.Millisecond

// answers reports whether a namesake lives: Serf does not say here which members are dead. One at this member's own
// address is no other.
func (d merge) answers(m *serf.Member) bool {
	addr := net.JoinHostPort(m.Addr.String(), strconv.Itoa(int(m.Port)))
	if d.g.isOwn(addr) {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
	defer cancel()
	conn, err := d.g.cfg.Transport.Dial(ctx, addr)
	if err != nil {
		return false
	}
	_ = conn.Close() // nothing was said on it
	return true
}

// Masters keeps the masters that are in one of the states.
func Masters(members []Member, states ...State) []Member {
	return slices.DeleteFunc(slices.Clone(members), func(m Member) bool {
		return m.Role() != RoleMaster || !slices.Contains(states, m.State)
	})
}

// StartedTag writes a moment as the value of TagStarted: seconds since 1970, in few letters.
func StartedTag(at time.Time) string { return strconv.FormatInt(at.Unix(), 36) }

// Started returns when the member's process started by its own clock, zero if it does not tell.
func (m Member) Started() time.Time {
	seconds, err := strconv.ParseInt(m.Tags[TagStarted], 36, 64)
	if err != nil || seconds <= 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}
