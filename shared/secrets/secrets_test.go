package secrets_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/secrets"
)

func task() *mesosv1.TaskInfo {
	return &mesosv1.TaskInfo{
		Name: new("t"), TaskId: &mesosv1.TaskID{Value: new("t")}, AgentId: &mesosv1.AgentID{Value: new("a")},
		Command: &mesosv1.CommandInfo{Environment: &mesosv1.Environment{Variables: []*mesosv1.Environment_Variable{
			{Name: new("PLAIN"), Value: new("x")},
			{Name: new("PASSWORD"), Type: mesosv1.Environment_Variable_SECRET.Enum(), Secret: secrets.Ref("db")},
		}}},
		Container: &mesosv1.ContainerInfo{
			Type: mesosv1.ContainerInfo_MESOS.Enum(),
			Volumes: []*mesosv1.Volume{
				{Mode: mesosv1.Volume_RO.Enum(), ContainerPath: new("a"), Source: &mesosv1.Volume_Source{Type: mesosv1.Volume_Source_SECRET.Enum(), Secret: secrets.Ref("tls")}},
				{Mode: mesosv1.Volume_RO.Enum(), ContainerPath: new("b"), Source: &mesosv1.Volume_Source{Type: mesosv1.Volume_Source_SECRET.Enum(), Secret: secrets.Ref("db")}},
				{Mode: mesosv1.Volume_RO.Enum(), ContainerPath: new("c"), Image: &mesosv1.Image{
					Type: mesosv1.Image_DOCKER.Enum(), Docker: &mesosv1.Image_Docker{Name: new("v"), Config: secrets.Ref("other registry")},
				}},
			},
			Mesos: &mesosv1.ContainerInfo_MesosInfo{Image: &mesosv1.Image{
				Type: mesosv1.Image_DOCKER.Enum(), Docker: &mesosv1.Image_Docker{Name: new("i"), Config: secrets.Ref("registry")},
			}},
		},
	}
}

// TestThereAndBack: what is filled in at every place comes out again, and leaves the names behind.
func TestThereAndBack(t *testing.T) {
	info := task()
	if got := secrets.Names(info); !slices.Equal(got, []string{"db", "tls", "registry", "other registry"}) {
		t.Fatalf("it refers to %v", got)
	}
	known := map[string]string{"db": "hunter2", "tls": "-----KEY-----", "other registry": "{auths}"}
	full := secrets.Fill(info, func(name string) ([]byte, bool) { v, ok := known[name]; return []byte(v), ok })
	if !proto.Equal(info, task()) {
		t.Fatal("Fill has changed what it was given")
	}
	if text := full.String(); strings.Count(text, "hunter2") != 2 || !strings.Contains(text, "KEY") {
		t.Fatalf("not everything is filled in: %s", text)
	}
	bare, values := secrets.Split(full)
	if !proto.Equal(bare, info) || string(values["db"]) != "hunter2" || string(values["tls"]) != "-----KEY-----" || len(values) != 3 {
		t.Errorf("got %v and %q, want the references alone, and three values", bare, values)
	}
	if !strings.Contains(full.String(), "hunter2") {
		t.Error("Split has changed what it was given")
	}
	executor := &mesosv1.ExecutorInfo{Command: bare.GetCommand(), Container: bare.GetContainer()}
	opened := secrets.Open(executor, values)
	if strings.Contains(executor.String(), "hunter2") || strings.Count(opened.String(), "hunter2") != 2 {
		t.Errorf("opened: %v, and before: %v", opened, executor)
	}
}

func TestNothingIsCopiedWithoutSecrets(t *testing.T) {
	info := &mesosv1.TaskInfo{Command: &mesosv1.CommandInfo{Value: new("x")}}
	if got := secrets.Fill(info, nil); got != info {
		t.Error("Fill copies")
	}
	if got, values := secrets.Split(info); got != info || values != nil {
		t.Error("Split copies")
	}
}

func TestHidden(t *testing.T) {
	container := task().GetContainer()
	if secrets.Hidden(container) != container {
		t.Error("a container without values is copied")
	}
	container.Volumes[0].Source.Secret = &mesosv1.Secret{Type: mesosv1.Secret_VALUE.Enum(), Value: &mesosv1.Secret_Value{Data: []byte("hunter2")}}
	hidden := secrets.Hidden(container)
	if strings.Contains(hidden.String(), "hunter2") || !strings.Contains(container.String(), "hunter2") || len(hidden.GetVolumes()) != 3 {
		t.Errorf("got %v of %v", hidden, container)
	}
	container = task().GetContainer()
	for _, image := range []*mesosv1.Image{container.GetMesos().GetImage(), container.GetVolumes()[2].GetImage()} {
		image.Docker.Credential = &mesosv1.Credential{Principal: new("me"), Secret: new("hunter2")}
		if hidden := secrets.Hidden(container); strings.Contains(hidden.String(), "hunter2") || !strings.Contains(hidden.String(), "me") {
			t.Errorf("a registry's password: got %v", hidden)
		}
	}
	executor := &mesosv1.ExecutorInfo{Command: task().GetCommand()}
	if secrets.HiddenExecutor(executor) != executor {
		t.Error("an executor without values is copied")
	}
	opened := secrets.Open(executor, map[string][]byte{"db": []byte("hunter2")})
	if hidden := secrets.HiddenExecutor(opened); strings.Contains(hidden.String(), "hunter2") || !proto.Equal(secrets.HiddenExecutor(hidden), hidden) {
		t.Errorf("got %v", hidden)
	}
}
