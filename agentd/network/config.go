package network

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/containernetworking/cni/libcni"

	"codeberg.org/reeve/reeve/shared/fault"
)

// Bridge is the network that agents have without any configuration: a bridge of this host, with addresses of its own and
// with ports of the host that lead into it. A file that defines a network of that name takes its place.
const Bridge = "bridge"

// find returns the definition of a network as a list of plugins, in JSON. It looks each time: operators add files.
func (n *Networks) find(name string) ([]byte, error) {
	defined, err := n.defined()
	if err != nil {
		return nil, err
	}
	if list, ok := defined[name]; ok {
		return list, nil
	}
	if name == Bridge {
		return n.bridge()
	}
	names := []string{Bridge}
	for other := range defined {
		names = append(names, other)
	}
	slices.Sort(names)
	return nil, fault.New(fault.Invalid, "network %q: this agent has none of that name; it has %s. Networks are defined in the directory of --network-cni-config-dir",
		name, strings.Join(slices.Compact(names), ", "))
}

// defined reads the operator's files. One that cannot be read hides none of the others.
func (n *Networks) defined() (map[string][]byte, error) {
	found := make(map[string][]byte)
	if n.cfg.ConfigDir == "" {
		return found, nil
	}
	files, err := libcni.ConfFiles(n.cfg.ConfigDir, []string{".conf", ".conflist", ".json", ""})
	if err != nil {
		return nil, fault.New(fault.Invalid, "the networks in %s cannot be listed: %v", n.cfg.ConfigDir, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if name, list, err := asList(data); err == nil && found[name] == nil {
			found[name] = list
		}
	}
	return found, nil
}

// portMapper is Mesos's own plugin for ports: it delegates to another, and does what portmap does.
const portMapper = "mesos-cni-port-mapper"

// asList turns the text of a file, which may hold one plugin or a list of them, into a list.
func asList(data []byte) (name string, list []byte, err error) {
	var conf map[string]any
	if err := json.Unmarshal(data, &conf); err != nil {
		return "", nil, err
	}
	name, _ = conf["name"].(string)
	if name == "" {
		return "", nil, errors.New("it has no name")
	}
	if conf["plugins"] != nil {
		_, err := libcni.NetworkConfFromBytes(data)
		return name, data, err
	}
	version := conf["cniVersion"]
	if version == nil {
		version = "0.2.0"
	}
	plugins := []any{conf}
	if conf["type"] == portMapper {
		delegate, ok := conf["delegate"].(map[string]any)
		if !ok {
			return "", nil, fmt.Errorf("%s has no delegate", portMapper)
		}
		if version == "0.2.0" {
			version = "0.3.0" // the first with lists
		}
		plugins = []any{delegate, portmap()}
	}
	if data, err = json.Marshal(map[string]any{"name": name, "cniVersion": version, "plugins": plugins}); err != nil {
		return "", nil, err
	}
	_, err = libcni.NetworkConfFromBytes(data)
	return name, data, err
}

// withArgs tells each plugin of a list what somebody has to say to it, beside what the operator's file says there.
func withArgs(list []byte, args json.RawMessage) ([]byte, error) {
	if args == nil {
		return list, nil
	}
	var conf map[string]json.RawMessage
	var plugins []map[string]json.RawMessage
	if err := json.Unmarshal(list, &conf); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(conf["plugins"], &plugins); err != nil {
		return nil, err
	}
	for _, plugin := range plugins {
		all := map[string]json.RawMessage{}
		if own := plugin["args"]; own != nil {
			if err := json.Unmarshal(own, &all); err != nil {
				return nil, fault.New(fault.Invalid, "the args of a plugin are no object: %v", err)
			}
		}
		if err := json.Unmarshal(args, &all); err != nil {
			return nil, err
		}
		data, err := json.Marshal(all)
		if err != nil {
			return nil, err
		}
		plugin["args"] = data
	}
	data, err := json.Marshal(plugins)
	if err != nil {
		return nil, err
	}
	conf["plugins"] = data
	return json.Marshal(conf)
}

func portmap() map[string]any {
	return map[string]any{"type": "portmap", "snat": true, "capabilities": map[string]any{"portMappings": true}}
}

// BridgeDevice is the name of the agent's own bridge: two agents of one host must not share it.
func BridgeDevice(dir string) string {
	sum := sha256.Sum256([]byte(dir))
	return "rv" + hex.EncodeToString(sum[:5])
}

// bridge is the definition of the agent's own network.
func (n *Networks) bridge() ([]byte, error) {
	return json.Marshal(map[string]any{
		"name": Bridge, "cniVersion": "0.4.0",
		"plugins": []any{
			map[string]any{
				"type": "bridge", "bridge": BridgeDevice(n.cfg.Dir), "isDefaultGateway": true, "ipMasq": true, "hairpinMode": true,
				"ipam": map[string]any{
					"type": "host-local", "ranges": []any{[]any{map[string]any{"subnet": n.cfg.Subnet}}}, "dataDir": n.cfg.leases(),
				},
			},
			portmap(),
		},
	})
}

// mapsPorts says whether a list of plugins can lead ports of the host to a container.
func mapsPorts(list *libcni.NetworkConfigList) bool {
	return slices.ContainsFunc(list.Plugins, func(p *libcni.PluginConfig) bool { return p.Network.Capabilities["portMappings"] })
}
