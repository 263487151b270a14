package reeveapi

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Quantities are amounts of some of cpus (cores), mem, disk (MB) and gpus, by name. What is missing has no amount: as a
// guarantee that is nothing, as a limit it is no limit.
type Quantities map[string]float64

// Role is one role, with those below it in the tree: what they have counts for it, too. GET /reeve/v1/roles answers a list,
// by name.
type Role struct {
	Name       string     `json:"name"`
	Weight     float64    `json:"weight"`     // among its siblings
	Frameworks []string   `json:"frameworks"` // ids of those directly in it
	Share      float64    `json:"share"`      // of the cluster, allocated or offered, of the resource of which it has most: 0 to 1
	Allocated  Amounts    `json:"allocated"`  // to tasks and executors
	Offered    Amounts    `json:"offered"`
	Reserved   Amounts    `json:"reserved"`
	Consumed   Amounts    `json:"consumed"` // of its quota: what is reserved, and what is allocated of the rest
	Guarantee  Quantities `json:"guarantee,omitempty"`
	Limit      Quantities `json:"limit,omitempty"`
}

// Quota is what a role is guaranteed and may have at most. GET /reeve/v1/quota answers a list, PUT /reeve/v1/quota sets one
// role's, DELETE /reeve/v1/quota/{role} takes it away. Roles below others may have one, too, within that of those above.
type Quota struct {
	Role      string     `json:"role"`
	Guarantee Quantities `json:"guarantee,omitempty"`
	Limit     Quantities `json:"limit,omitempty"`
	Force     bool       `json:"force,omitempty"` // of PUT: also if the cluster is too small, or the role has more already
}

// Weight is the weight of a role. GET /reeve/v1/weights answers a list of those that were set, PUT sets one.
type Weight struct {
	Role   string  `json:"role"`
	Weight float64 `json:"weight"`
}

// Offer is one outstanding offer. GET /reeve/v1/offers answers a list, oldest first.
type Offer struct {
	ID            string    `json:"id"`
	Framework     string    `json:"framework"`
	FrameworkName string    `json:"framework_name"`
	Role          string    `json:"role"`
	Agent         string    `json:"agent"`
	AgentName     string    `json:"agent_name"`
	Resources     Amounts   `json:"resources"`
	Ports         string    `json:"ports,omitempty"`
	Made          time.Time `json:"made"`
	Until         time.Time `json:"until,omitzero"` // when it is taken back unless it is answered; zero if it never is
}

// Holder is a framework that keeps, by offers that it has not answered, what a job could go into.
type Holder struct {
	Framework     string    `json:"framework"` // id
	FrameworkName string    `json:"framework_name"`
	Resources     Amounts   `json:"resources"`      // in all of these offers together
	Agents        []string  `json:"agents"`         // names, sorted
	Since         time.Time `json:"since"`          // when the first of them was made
	Until         time.Time `json:"until,omitzero"` // when the last of them is taken back unless it is answered; zero if that is never
}

// quotaNames is what quota counts, in the order that people write it.
var quotaNames = []string{"cpus", "mem", "disk", "gpus"}

// ParseQuantities reads "cpus:2,mem:1024"; ";" and "=" do as well.
func ParseQuantities(text string) (Quantities, error) {
	q := Quantities{}
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == ';' }) {
		part = strings.TrimSpace(part)
		i := strings.IndexAny(part, ":=")
		if i < 0 {
			return nil, fmt.Errorf("%q is not an amount; write for example cpus:2,mem:1024", part)
		}
		name := strings.TrimSpace(part[:i])
		n, err := strconv.ParseFloat(strings.TrimSpace(part[i+1:]), 64)
		switch {
		case !slices.Contains(quotaNames, name):
			return nil, fmt.Errorf("%q is not counted; cpus, mem, disk and gpus are", name)
		case err != nil || !(n >= 0 && n <= 1e12):
			return nil, fmt.Errorf("%q is not an amount of %s; write a number, of MB for mem and disk", part[i+1:], name)
		}
		if _, twice := q[name]; twice {
			return nil, fmt.Errorf("%s stands there twice", name)
		}
		q[name] = n
	}
	return q, nil
}

// String writes what ParseQuantities reads, "" for nothing.
func (q Quantities) String() string {
	var parts []string
	for _, name := range quotaNames {
		if n, ok := q[name]; ok {
			parts = append(parts, name+":"+strconv.FormatFloat(n, 'f', -1, 64))
		}
	}
	return strings.Join(parts, ",")
}

// Of is the amount of a resource by name.
func (a Amounts) Of(name string) float64 {
	return map[string]float64{"cpus": a.CPUs, "mem": a.Mem, "disk": a.Disk, "gpus": a.GPUs}[name]
}
