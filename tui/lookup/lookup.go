// Package lookup asks for one thing that is not in the stream: a machine of the maintenance schedule, a member of gossip, a file of a
// sandbox, a secret. It says how they are asked for, and never when. Start reading at Of.
package lookup

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/screen"
)

// Machine is a machine of the maintenance schedule with its window.
type Machine struct {
	reeveapi.MaintenanceMachine
	Start time.Time  `json:"start"`
	End   *time.Time `json:"end,omitempty"` // unset: nobody knows
}

// MachineID is by which a machine is found again.
func MachineID(m reeveapi.MaintenanceMachine) string { return m.Hostname + "/" + m.IP }

// FileID is by which a file below the sandbox of the task with a key is found again: ids of frameworks and tasks have no slash.
func FileID(task, below string) string { return task + "/" + below }

// FileOf is the task's key and the path below its sandbox that FileID made an id of.
func FileOf(id string) (task, below string) {
	parts := strings.SplitN(id, "/", 3)
	if len(parts) < 3 {
		return id, ""
	}
	return parts[0] + "/" + parts[1], parts[2]
}

// Of is how a thing is asked for, nil if it is in the store. The answer is nil when there is no such thing (any more); otherwise it is a
// *Machine, a *reeveapi.Member, a *mesosv1.FileInfo or a *reeveapi.Secret.
func Of(env screen.Env, t screen.Thing) func(ctx context.Context) (any, error) {
	switch t.Kind {
	case screen.Maintenance:
		return func(ctx context.Context) (any, error) { return machine(ctx, env, t.ID) }
	case screen.Members:
		return func(ctx context.Context) (any, error) {
			all, err := env.Members(ctx)
			return found(all, err, func(m *reeveapi.Member) bool { return m.Node() == t.ID })
		}
	case screen.Secrets:
		return func(ctx context.Context) (any, error) {
			all, err := env.Secrets(ctx)
			return found(all, err, func(v *reeveapi.Secret) bool { return v.Name == t.ID })
		}
	case screen.Files:
		key, below := FileOf(t.ID)
		task := env.Store.Snapshot().Tasks.Get(key)
		return func(ctx context.Context) (any, error) { return file(ctx, env, task, below) }
	default:
		return nil
	}
}

// found is the one of all that is meant. The answer's type is only that of a pointer if there is one.
func found[T any](all []T, err error, is func(*T) bool) (any, error) {
	for i := range all {
		if is(&all[i]) {
			return &all[i], err
		}
	}
	return nil, err
}

func machine(ctx context.Context, env screen.Env, id string) (any, error) {
	plan, err := env.Maintenance(ctx)
	for _, w := range plan.Windows {
		for _, m := range w.Machines {
			if MachineID(m) == id {
				return &Machine{m, w.Start, w.End}, err
			}
		}
	}
	return nil, err
}

func file(ctx context.Context, env screen.Env, t *reeveapi.Task, below string) (any, error) {
	if t == nil || t.AgentHTTP == "" || t.Sandbox == "" {
		return nil, errors.New("the task is not known any more, or has no sandbox yet")
	}
	at := path.Join(t.Sandbox, below)
	files, err := env.ListFiles(ctx, t.AgentHTTP, path.Dir(at))
	if i := slices.IndexFunc(files, func(f *mesosv1.FileInfo) bool { return path.Base(f.GetPath()) == path.Base(at) }); i >= 0 {
		return files[i], err
	}
	return nil, err
}
