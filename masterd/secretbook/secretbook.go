// Package secretbook is what the leading master knows of secrets: the newest version of each, sealed, and which jobs need
// it. It owns what can be said of them (is one missing, can it be opened, who uses it) and the sentences; it never sees a
// value, stores nothing and decides nothing: that is masterd/jobs. Start reading at Book.
package secretbook

import (
	"fmt"
	"maps"
	"slices"

	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/masterd/jobspec"
	"codeberg.org/reeve/reeve/masterd/livejob"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// most bounds what every snapshot of the registry carries.
const most = 10_000

// Book has the secrets by name. It is changed in place by the one who holds it.
type Book struct {
	secrets map[string]registry.Secret
	opens   func(key string) bool // nil: nothing but what is in clear
}

// New returns a book of what the registry holds.
func New(stored map[string]registry.Secret, opens func(key string) bool) *Book {
	b := &Book{secrets: map[string]registry.Secret{}, opens: opens}
	maps.Copy(b.secrets, stored)
	return b
}

// Put enters a secret as its next version, and returns it so. Its error is of kind Invalid or Exhausted.
func (b *Book) Put(next registry.Secret) (registry.Secret, error) {
	if err := jobspec.CheckSecret(next.Name, next.Size); err != nil {
		return next, err
	}
	former, there := b.secrets[next.Name]
	if !there && len(b.secrets) >= most {
		return next, fault.New(fault.Exhausted, "there are %d secrets, the most allowed; remove some", most)
	}
	next.Version = former.Version + 1
	b.secrets[next.Name] = next
	return next, nil
}

// Remove forgets a secret that none of the jobs needs. Its error is of kind NotFound or Conflict.
func (b *Book) Remove(name string, jobs map[ids.Job]*livejob.Job) error {
	if _, there := b.secrets[name]; !there {
		return fault.New(fault.NotFound, "there is no secret %q", name)
	}
	if users := users(jobs)[name]; len(users) > 0 {
		return fault.New(fault.Conflict, "secret %q is needed by job %s; stop or change it first", name, users[0])
	}
	delete(b.secrets, name)
	return nil
}

// Get returns a secret as it is stored; ok is false if there is none of that name.
func (b *Book) Get(name string) (secret registry.Secret, ok bool) {
	secret, ok = b.secrets[name]
	return secret, ok
}

// List is what is known of all secrets but their values, by name.
func (b *Book) List(jobs map[ids.Job]*livejob.Job) []reeveapi.Secret {
	list, users := make([]reeveapi.Secret, 0, len(b.secrets)), users(jobs)
	for _, name := range slices.Sorted(maps.Keys(b.secrets)) {
		one := b.secrets[name]
		list = append(list, reeveapi.Secret{
			Name: name, Version: one.Version, Size: one.Size, Set: one.Set, By: one.By, Key: one.Sealed.Key,
			Jobs: users[name], Readable: b.canOpen(one),
		})
	}
	return list
}

func (b *Book) canOpen(secret registry.Secret) bool {
	return secret.Sealed.Key == "" || b.opens != nil && b.opens(secret.Sealed.Key)
}

// Lacks says which secret keeps tasks of a spec from being launched, "" if none does.
func (b *Book) Lacks(spec *reeveapi.JobSpec) string {
	for _, name := range jobspec.Secrets(spec) {
		switch secret, there := b.secrets[name]; {
		case !there:
			return fmt.Sprintf("secret %q, which there is none of; reeve secrets set %s", name, name)
		case !b.canOpen(secret):
			return fmt.Sprintf("secret %q, which is sealed with key %s that this master does not have in its --secrets-key-file", name, secret.Sealed.Key)
		}
	}
	return ""
}

// Check refuses a spec that refers to a secret that there is not.
func (b *Book) Check(spec *reeveapi.JobSpec) error {
	for _, name := range jobspec.Secrets(spec) {
		if _, there := b.secrets[name]; !there {
			return fault.New(fault.Invalid, "there is no secret %q, which the job refers to; set it first: reeve secrets set %s", name, name)
		}
	}
	return nil
}

// users lists, by secret, the jobs that have not ended and may need it: for their newest version, for the one that a failed
// update would go back to, or for a task that there is.
func users(jobs map[ids.Job]*livejob.Job) map[string][]string {
	all := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(jobs)) {
		j := jobs[name]
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
			all[secret] = append(all[secret], string(name))
		}
	}
	return all
}
