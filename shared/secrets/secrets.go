// Package secrets finds the secrets that a task refers to by name, and puts their values in or takes them out. It owns
// where in a TaskInfo secrets may be; it stores none, and never prints one. What refers to a secret keeps its name and
// gets the value beside it (a Secret of type REFERENCE with both), so that what is taken out leaves the name behind.
// Start reading at Fill.
package secrets

import (
	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// Ref is a reference to a secret of the masters.
func Ref(name string) *mesosv1.Secret {
	return &mesosv1.Secret{
		Type: mesosv1.Secret_REFERENCE.Enum(), Reference: &mesosv1.Secret_Reference{Name: new(name)},
	}
}

// each calls visit for every secret that a command or a container names.
func each(command *mesosv1.CommandInfo, container *mesosv1.ContainerInfo, visit func(*mesosv1.Secret)) {
	for _, v := range command.GetEnvironment().GetVariables() {
		if v.GetSecret() != nil {
			visit(v.GetSecret())
		}
	}
	for _, v := range container.GetVolumes() {
		if s := v.GetSource().GetSecret(); s != nil {
			visit(s)
		}
	}
	for _, image := range images(container) {
		if s := image.GetConfig(); s != nil {
			visit(s)
		}
	}
}

// images are those of a container: the one that it is in, and those that it has as volumes.
func images(container *mesosv1.ContainerInfo) []*mesosv1.Image_Docker {
	list := []*mesosv1.Image_Docker{container.GetMesos().GetImage().GetDocker()}
	for _, v := range container.GetVolumes() {
		list = append(list, v.GetImage().GetDocker())
	}
	return list
}

// named calls visit for every reference by name.
func named(command *mesosv1.CommandInfo, container *mesosv1.ContainerInfo, visit func(name string, s *mesosv1.Secret)) {
	each(command, container, func(s *mesosv1.Secret) {
		if name := s.GetReference().GetName(); s.GetType() == mesosv1.Secret_REFERENCE && name != "" {
			visit(name, s)
		}
	})
}

// Names lists what a task refers to, each once, in the order of its first mention.
func Names(info *mesosv1.TaskInfo) []string {
	var names []string
	seen := map[string]bool{}
	named(info.GetCommand(), info.GetContainer(), func(name string, _ *mesosv1.Secret) {
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	})
	return names
}

// Fill returns the task with the values that are known beside its references. info stays as it is; it is returned itself
// if it refers to nothing.
func Fill(info *mesosv1.TaskInfo, value func(name string) (data []byte, ok bool)) *mesosv1.TaskInfo {
	if len(Names(info)) == 0 {
		return info
	}
	info = proto.CloneOf(info)
	put(info.GetCommand(), info.GetContainer(), value)
	return info
}

func put(command *mesosv1.CommandInfo, container *mesosv1.ContainerInfo, value func(name string) ([]byte, bool)) {
	named(command, container, func(name string, s *mesosv1.Secret) {
		if data, ok := value(name); ok {
			s.Value = &mesosv1.Secret_Value{Data: data}
		}
	})
}

// Split takes the values out that came beside references. info stays as it is; it is returned itself if there are none.
func Split(info *mesosv1.TaskInfo) (bare *mesosv1.TaskInfo, values map[string][]byte) {
	named(info.GetCommand(), info.GetContainer(), func(name string, s *mesosv1.Secret) {
		if s.GetValue() != nil {
			if values == nil {
				values = map[string][]byte{}
			}
			values[name] = s.GetValue().GetData()
		}
	})
	if values == nil {
		return info, nil
	}
	bare = proto.CloneOf(info)
	named(bare.GetCommand(), bare.GetContainer(), func(_ string, s *mesosv1.Secret) { s.Value = nil })
	return bare, values
}

// Open returns an executor, the one that stands for a command task, with the values that Split took out of the task.
func Open(info *mesosv1.ExecutorInfo, values map[string][]byte) *mesosv1.ExecutorInfo {
	if len(values) == 0 {
		return info
	}
	info = proto.CloneOf(info)
	put(info.GetCommand(), info.GetContainer(), func(name string) ([]byte, bool) {
		data, ok := values[name]
		return data, ok
	})
	return info
}

// Hidden returns a container without the values of its secrets, for documents that people read: what is named stays named.
func Hidden(container *mesosv1.ContainerInfo) *mesosv1.ContainerInfo {
	if !shows(nil, container) {
		return container
	}
	container = proto.CloneOf(container)
	hideAll(nil, container)
	return container
}

// HiddenExecutor does the same with an executor.
func HiddenExecutor(info *mesosv1.ExecutorInfo) *mesosv1.ExecutorInfo {
	if !shows(info.GetCommand(), info.GetContainer()) {
		return info
	}
	info = proto.CloneOf(info)
	hideAll(info.GetCommand(), info.GetContainer())
	return info
}

func shows(command *mesosv1.CommandInfo, container *mesosv1.ContainerInfo) (any bool) {
	each(command, container, func(s *mesosv1.Secret) { any = any || len(s.GetValue().GetData()) > 0 })
	for _, image := range images(container) {
		any = any || image.GetCredential().GetSecret() != ""
	}
	return any
}

func hideAll(command *mesosv1.CommandInfo, container *mesosv1.ContainerInfo) {
	each(command, container, hide)
	for _, image := range images(container) {
		if image.GetCredential() != nil {
			image.Credential.Secret = nil
		}
	}
}

func hide(s *mesosv1.Secret) {
	if s.GetValue() != nil {
		s.Value = &mesosv1.Secret_Value{Data: []byte{}}
	}
}
