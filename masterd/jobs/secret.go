package jobs

import (
	"fmt"

	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/masterd/jobspec"
	"codeberg.org/reeve/reeve/masterd/livejob"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Secrets are kept beside the jobs that refer to them, sealed: the machine never sees a value. A task is launched with the
// name, and gets the value on its way to the agent (masterd/term).

// maxSecrets bounds what every snapshot of the registry carries.
const maxSecrets = 10_000

// setSecret stores a secret; it is the newest version when the registry has it.
func (s *State) setSecret(in SetSecret) {
	former, there := s.secrets[in.Name]
	if err := jobspec.CheckSecret(in.Name, in.Size); err != nil {
		s.reply(in.Ticket, nil, err)
		return
	}
	if !there && len(s.secrets) >= maxSecrets {
		s.reply(in.Ticket, nil, fault.New(fault.Exhausted, "there are %d secrets, the most allowed; remove some", maxSecrets))
		return
	}
	next := registry.Secret{Name: in.Name, Version: former.Version + 1, Size: in.Size, Set: s.now, By: in.By, Sealed: in.Sealed}
	s.secrets[in.Name] = next // a second change that comes before the first is stored makes another version
	s.write([]registry.Op{registry.PutSecret{Secret: next}}, func(err error) {
		if err != nil {
			s.reply(in.Ticket, nil, fault.Wrap(fault.Unavailable, err, "secret %q may or may not have been stored; set it again", in.Name))
			return
		}
		s.noted("SECRET_SET", in.Name, fmt.Sprintf("version %d", next.Version), in.By)
		s.revivePlaces()
		s.reply(in.Ticket, nil, nil)
	})
}

func (s *State) removeSecret(in RemoveSecret) {
	if _, there := s.secrets[in.Name]; !there {
		s.reply(in.Ticket, nil, fault.New(fault.NotFound, "there is no secret %q", in.Name))
		return
	}
	if users := s.users()[in.Name]; len(users) > 0 {
		s.reply(in.Ticket, nil, fault.New(fault.Conflict, "secret %q is needed by job %s; stop or change it first", in.Name, users[0]))
		return
	}
	delete(s.secrets, in.Name)
	s.write([]registry.Op{registry.RemoveSecret{Name: in.Name}}, func(err error) {
		if err != nil {
			s.reply(in.Ticket, nil, fault.Wrap(fault.Unavailable, err, "secret %q may or may not have been removed", in.Name))
			return
		}
		s.noted("SECRET_REMOVED", in.Name, "", in.By)
		s.reply(in.Ticket, nil, nil)
	})
}

// users lists, by secret, the jobs that have not ended and may need it: for their newest version, for the one that a failed
// update would go back to, or for a task that there is.
func (s *State) users() map[string][]string {
	users := map[string][]string{}
	for _, name := range sortedKeys(s.jobs) {
		j := s.jobs[name]
		if j.Over() {
			continue
		}
		templates := map[int]bool{j.Record.Template: true, j.Record.Stable: true}
		for i := range j.Record.Instances {
			templates[j.Record.Instances[i].Template] = true
		}
		needs := map[string]bool{}
		for template := range templates {
			for _, secret := range jobspec.Secrets(jobrecord.SpecOf(&j.Record, template)) {
				needs[secret] = true
			}
		}
		for secret := range needs {
			users[secret] = append(users[secret], string(name))
		}
	}
	return users
}

// Secret returns a secret as it is stored; ok is false if there is none of that name.
func (s *State) Secret(name string) (secret registry.Secret, ok bool) {
	secret, ok = s.secrets[name]
	return secret, ok
}

// Secrets lists what is known of all secrets but their values, by name.
func (s *State) Secrets() []reeveapi.Secret {
	list, users := make([]reeveapi.Secret, 0, len(s.secrets)), s.users()
	for _, name := range sortedKeys(s.secrets) {
		one := s.secrets[name]
		list = append(list, reeveapi.Secret{
			Name: name, Version: one.Version, Size: one.Size, Set: one.Set, By: one.By, Key: one.Sealed.Key,
			Jobs: users[name], Readable: s.opens(one),
		})
	}
	return list
}

func (s *State) opens(secret registry.Secret) bool {
	return secret.Sealed.Key == "" || s.cfg.Opens != nil && s.cfg.Opens(secret.Sealed.Key)
}

// lacks says which secret keeps tasks of a spec from being launched, "" if none does.
func (s *State) lacks(spec *reeveapi.JobSpec) string {
	for _, name := range jobspec.Secrets(spec) {
		switch secret, there := s.secrets[name]; {
		case !there:
			return fmt.Sprintf("secret %q, which there is none of; reeve secrets set %s", name, name)
		case !s.opens(secret):
			return fmt.Sprintf("secret %q, which is sealed with key %s that this master does not have in its --secrets-key-file", name, secret.Sealed.Key)
		}
	}
	return ""
}

// checkSecrets refuses a spec that refers to a secret that there is not.
func (s *State) checkSecrets(spec *reeveapi.JobSpec) error {
	for _, name := range jobspec.Secrets(spec) {
		if _, there := s.secrets[name]; !there {
			return fault.New(fault.Invalid, "there is no secret %q, which the job refers to; set it first: reeve secrets set %s", name, name)
		}
	}
	return nil
}

// revivePlaces asks for offers again where instances may have waited for a secret.
func (s *State) revivePlaces() {
	for _, r := range s.roles {
		r.revive = r.revive || r.ready > 0
	}
}

// blocked notes what a job lacks before it can be placed anywhere.
func (s *State) blocked(j *livejob.Job) bool {
	why := s.lacks(j.SpecOf(j.Queue[0]))
	if j.Lacks != why {
		j.Lacks, j.Published = why, nil
	}
	return why != ""
}

// noted is an event about a secret.
func (s *State) noted(kind, name, text, who string) {
	s.effect(Happened{reeveapi.Event{At: s.now, Kind: kind, Subject: name, ID: name, Text: text, Who: who}})
}
