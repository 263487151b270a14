// Package mastersapi is the edge for what operators do with the masters themselves. It turns requests into calls of
// consensus and writes the answers; which master may lead is masterd/consensus's to say, and who may ask and whether this
// master leads masterd/httpapi's. Start reading at StepDown.
package mastersapi

import (
	"context"
	"net/http"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Config is this master among the masters. Its functions may be called from any goroutine.
type Config struct {
	Name      string // of this master
	Masters   func() []reeveapi.Master
	Successor func(to string) (string, error) // see consensus
	HandOver  func(id string) error
	Leader    func() string // raft id of the leading master, "" while there is none
	Figures   func(since time.Time) reeveapi.MasterFigures
	Members   func() []reeveapi.Member // whom gossip knows, sorted
	Gossip    func() map[string]int    // how many they are by state; nil if nobody counts
}

// Noter remembers events of this leadership.
type Noter interface {
	Note(e reeveapi.Event)
}

const (
	// told is how long watchers have to hear that this leadership ends, which its end would keep from them.
	told = 250 * time.Millisecond
	// settled is how long the answer waits for the next leader.
	settled = 3 * time.Second
)

// StepDown answers POST /reeve/v1/masters/step-down: it hands leadership to another master, and answers once that leads.
// The error is for whoever writes the answer.
func (c Config) StepDown(w http.ResponseWriter, r *http.Request, t Noter, who string) error {
	var asked reeveapi.StepDown
	if r.ContentLength != 0 {
		if err := mesoshttp.ReadAPI(w, r, &asked); err != nil {
			return err
		}
	}
	id, err := c.find(asked.To)
	if err != nil {
		return err
	}
	if id, err = c.Successor(id); err != nil {
		return c.refused(asked.To, err)
	}
	to := c.name(id)
	own, _ := c.find(c.Name) // "" if gossip has forgotten this master, which happens at its end
	t.Note(reeveapi.Event{At: time.Now(), Kind: "MASTER_STEPPED_DOWN", Subject: c.Name, ID: own, Who: who, Text: "hands leadership to " + to})
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), told) // once asked, it is done
	defer cancel()
	<-ctx.Done()
	if err := c.HandOver(id); err != nil {
		return c.refused(to, err)
	}
	mesoshttp.WriteAPI(w, r, http.StatusOK, reeveapi.SteppedDown{From: c.Name, To: c.leads(id)})
	return nil
}

// refused says of whom an error is, and keeps its kind.
func (c Config) refused(to string, err error) error {
	if to == "" {
		to = c.Name
	}
	return fault.New(fault.KindOf(err), "%s: %v", to, err)
}

// find is the raft id of a master that is named by its name, id or address; "" for "".
func (c Config) find(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	all := c.Masters()
	i := slices.IndexFunc(all, func(m reeveapi.Master) bool { return m.Name == name || m.ID == name || m.HTTP == name })
	if i < 0 {
		return "", fault.New(fault.NotFound, "there is no master %s", name)
	}
	return all[i].ID, nil
}

func (c Config) name(id string) string {
	for _, m := range c.Masters() {
		if m.ID == id {
			return m.Name
		}
	}
	return id
}

// leads waits a while for the next leader and names it; it is most likely the one that leadership was handed to.
func (c Config) leads(id string) string {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(settled); time.Now().Before(deadline); <-ticker.C {
		if leader := c.Leader(); leader != "" && c.name(leader) != c.Name {
			return c.name(leader)
		}
	}
	return c.name(id)
}

// Measured answers GET /reeve/v1/masters/figures, on every master of itself; ?since= leaves out older samples.
func (c Config) Measured(w http.ResponseWriter, r *http.Request) {
	var since time.Time
	if text := r.URL.Query().Get("since"); text != "" {
		var err error
		if since, err = time.Parse(time.RFC3339, text); err != nil {
			mesoshttp.WriteAPIError(w, r, fault.New(fault.Invalid, "since is %q, and must be a time such as 2026-01-02T15:04:05Z", text))
			return
		}
	}
	mesoshttp.WriteAPI(w, r, http.StatusOK, c.Figures(since))
}

// List answers GET /reeve/v1/masters, on every master as it sees them.
func (c Config) List(w http.ResponseWriter, r *http.Request) {
	mesoshttp.WriteAPI(w, r, http.StatusOK, append([]reeveapi.Master{}, c.Masters()...))
}

// Gossiping answers GET /reeve/v1/masters/members, on every master as it sees them.
func (c Config) Gossiping(w http.ResponseWriter, r *http.Request) {
	mesoshttp.WriteAPI(w, r, http.StatusOK, append([]reeveapi.Member{}, c.Members()...))
}
