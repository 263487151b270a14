package launch

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

func named(name string, ports ...*mesosv1.NetworkInfo_PortMapping) *mesosv1.ContainerInfo {
	return &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_MESOS.Enum(), NetworkInfos: []*mesosv1.NetworkInfo{{Name: &name, PortMappings: ports}}}
}

func docker(network mesosv1.ContainerInfo_DockerInfo_Network, infos []*mesosv1.NetworkInfo, ports ...*mesosv1.ContainerInfo_DockerInfo_PortMapping) *mesosv1.ContainerInfo {
	return &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_DOCKER.Enum(), NetworkInfos: infos, Docker: &mesosv1.ContainerInfo_DockerInfo{
		Image: new("x"), Network: network.Enum(), PortMappings: ports,
	}}
}

func TestNetwork(t *testing.T) {
	web := runtime.Join{Network: "bridge", Ports: []runtime.Port{{Host: 31000, Container: 80, Protocol: "tcp"}}}
	for name, test := range map[string]struct {
		container *mesosv1.ContainerInfo
		want      *runtime.Network
	}{
		"nothing":       {nil, nil},
		"without name":  {&mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_MESOS.Enum(), NetworkInfos: []*mesosv1.NetworkInfo{{}}}, nil},
		"none":          {named("none"), &runtime.Network{Of: "c0"}},
		"by name":       {named("bridge", &mesosv1.NetworkInfo_PortMapping{HostPort: new(uint32(31000)), ContainerPort: new(uint32(80))}), &runtime.Network{Of: "c0", Join: []runtime.Join{web}}},
		"docker host":   {docker(mesosv1.ContainerInfo_DockerInfo_HOST, nil), nil},
		"docker none":   {docker(mesosv1.ContainerInfo_DockerInfo_NONE, nil), &runtime.Network{Of: "c0"}},
		"docker bridge": {docker(mesosv1.ContainerInfo_DockerInfo_BRIDGE, nil, &mesosv1.ContainerInfo_DockerInfo_PortMapping{HostPort: new(uint32(31000)), ContainerPort: new(uint32(80))}), &runtime.Network{Of: "c0", Join: []runtime.Join{web}}},
		"docker user":   {docker(mesosv1.ContainerInfo_DockerInfo_USER, []*mesosv1.NetworkInfo{{Name: new("n")}}), &runtime.Network{Of: "c0", Join: []runtime.Join{{Network: "n"}}}},
	} {
		info := task(&mesosv1.CommandInfo{Value: new("x")}, "cpus:1;ports:[31000-31001]")
		info.Container = test.container
		if d := cmp.Diff(Host{}.network(run(info)), test.want, cmpopts.IgnoreFields(runtime.Join{}, "Args")); d != "" {
			t.Errorf("%s (-got +want):\n%s", name, d)
		}
		if why := (Host{}).UnsupportedTask(info, false); why != "" {
			t.Errorf("%s: %s", name, why)
		}
	}
	pod := &mesosv1.ExecutorInfo{Container: named("bridge")}
	r := run(task(&mesosv1.CommandInfo{Value: new("x")}, "cpus:1"))
	r.Container, r.Pod = "p.c", pod
	spec := (Host{HTTP: "10.0.0.1:5051"}).Spec(r)
	if d := cmp.Diff(spec.Network, &runtime.Network{Of: "p", Join: []runtime.Join{{Network: "bridge"}}, Variable: "MESOS_CONTAINER_IP"}, cmpopts.IgnoreFields(runtime.Join{}, "Args")); d != "" || spec.Isolation.Hostname != "p" {
		t.Errorf("in a pod: host name %q (-got +want):\n%s", spec.Isolation.Hostname, d)
	}
	r.Pod, r.Container, r.Executor.Container = nil, "c", named("bridge")
	if env := strings.Join((Host{}).Spec(r).Env, " "); !strings.Contains(env, "LIBPROCESS_IP=0.0.0.0") {
		t.Errorf("environment %s", env)
	}
}

// Labels and groups reach the plugins, where Mesos has them.
func TestPluginArgs(t *testing.T) {
	info := &mesosv1.NetworkInfo{Name: new("n"), Groups: []string{"public"}, Labels: &mesosv1.Labels{Labels: []*mesosv1.Label{{Key: new("app"), Value: new("web")}}}}
	for name, container := range map[string]*mesosv1.ContainerInfo{
		"mesos": {Type: mesosv1.ContainerInfo_MESOS.Enum(), NetworkInfos: []*mesosv1.NetworkInfo{info}}, "docker": docker(mesosv1.ContainerInfo_DockerInfo_USER, []*mesosv1.NetworkInfo{info}),
	} {
		joins, _ := joinsOf(container)
		var got any
		if err := json.Unmarshal(joins[0].Args, &got); err != nil {
			t.Fatalf("%s: %v in %s", name, err, joins[0].Args)
		}
		want := map[string]any{"org.apache.mesos": map[string]any{"network_info": map[string]any{
			"name": "n", "groups": []any{"public"}, "labels": map[string]any{"labels": []any{map[string]any{"key": "app", "value": "web"}}},
		}}}
		if d := cmp.Diff(got, any(want)); d != "" {
			t.Errorf("%s (-got +want):\n%s", name, d)
		}
	}
}

func TestUnsupportedNetwork(t *testing.T) {
	has := resources.MustParse("ports:[31000-31001]").Proto()
	port := func(host, container uint32, protocol string) *mesosv1.NetworkInfo_PortMapping {
		return &mesosv1.NetworkInfo_PortMapping{HostPort: &host, ContainerPort: &container, Protocol: &protocol}
	}
	for want, container := range map[string]*mesosv1.ContainerInfo{
		"not among the ports":                named("n", port(8080, 80, "tcp")),
		"1 to 65535":                         named("n", port(31000, 70000, "tcp")),
		"neither tcp nor udp":                named("n", port(31000, 80, "sctp")),
		"mean nothing in the host's network": named("none", port(31000, 80, "tcp")),
		"needs the name of one":              docker(mesosv1.ContainerInfo_DockerInfo_USER, nil),
		"mean nothing in network HOST": docker(mesosv1.ContainerInfo_DockerInfo_HOST, nil,
			&mesosv1.ContainerInfo_DockerInfo_PortMapping{HostPort: new(uint32(31000)), ContainerPort: new(uint32(80))}),
	} {
		if got := unsupportedNetwork(container, has); !strings.Contains(got, want) {
			t.Errorf("got %q, want %q in it", got, want)
		}
	}
	info := task(&mesosv1.CommandInfo{Value: new("x")}, "cpus:1")
	info.Container = named("n")
	if got := (Host{}).UnsupportedTask(info, true); !strings.Contains(got, "that of their executor") {
		t.Errorf("a task of a group: %q", got)
	}
}
