package jobs

import (
	"fmt"

	"codeberg.org/reeve/reeve/masterd/livejob"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Secrets are kept beside the jobs that refer to them, sealed: the machine never sees a value. A task is launched with the
// name, and gets the value on its way to the agent (masterd/term).

// setSecret stores a secret. A second change that comes before the first is stored makes another version.
func (s *State) setSecret(in SetSecret) {
	next, err := s.secrets.Put(registry.Secret{Name: in.Name, Size: in.Size, Set: s.now, By: in.By, Sealed: in.Sealed})
	if err != nil {
		s.reply(in.Ticket, nil, err)
		return
	}
	s.write([]registry.Op{registry.PutSecret{Secret: next}}, func(err error) {
		if err != nil {
			s.reply(in.Ticket, nil, fault.Wrap(fault.Unavailable, err, "secret %q may or may not have been stored; set it again", in.Name))
			return
		}
		s.noted("SECRET_SET", in.Name, fmt.Sprintf("version %d", next.Version), in.By)
		for _, r := range s.roles { // somebody may have waited for it
			r.revive = r.revive || r.ready > 0
		}
		s.reply(in.Ticket, nil, nil)
	})
}

func (s *State) removeSecret(in RemoveSecret) {
	if err := s.secrets.Remove(in.Name, s.jobs); err != nil {
		s.reply(in.Ticket, nil, err)
		return
	}
	s.write([]registry.Op{registry.RemoveSecret{Name: in.Name}}, func(err error) {
		if err != nil {
			s.reply(in.Ticket, nil, fault.Wrap(fault.Unavailable, err, "secret %q may or may not have been removed", in.Name))
			return
		}
		s.noted("SECRET_REMOVED", in.Name, "", in.By)
		s.reply(in.Ticket, nil, nil)
	})
}

// Secret returns a secret as it is stored; ok is false if there is none of that name.
func (s *State) Secret(name string) (secret registry.Secret, ok bool) { return s.secrets.Get(name) }

// Secrets lists what is known of all secrets but their values, by name.
func (s *State) Secrets() []reeveapi.Secret { return s.secrets.List(s.jobs) }

// blocked notes what a job lacks before it can be placed anywhere.
func (s *State) blocked(j *livejob.Job) bool {
	why := s.secrets.Lacks(j.SpecOf(j.Queue[0]))
	if j.Lacks != why {
		j.Lacks, j.Published = why, nil
	}
	return why != ""
}

// noted is an event about a secret.
func (s *State) noted(kind, name, text, who string) {
	s.effect(Happened{reeveapi.Event{At: s.now, Kind: kind, Subject: name, ID: name, Text: text, Who: who}})
}
