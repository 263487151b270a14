package network

import (
	"cmp"
	"os"
	"strings"
)

// ResolvConf is where programs look how names are resolved.
const ResolvConf = "/etc/resolv.conf"

// Address is the first that a container has, "" if it has none but its loopback's.
func (j Joint) Address() string {
	for _, joined := range j.Joined {
		for _, address := range joined.Addresses {
			return address
		}
	}
	return ""
}

// Names are the contents of the files in which a container finds its own name and those of others; own says that its network
// is not the host's. Without ResolvConf it resolves names as the host does.
func (j Joint) Names(hostname string, own bool) map[string]string {
	hosts := contents("/etc/hosts")
	if hosts == "" || own {
		hosts = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"
	}
	files := map[string]string{
		"/etc/hosts":    strings.TrimRight(hosts, "\n") + "\n" + cmp.Or(j.Address(), "127.0.1.1") + " " + hostname + "\n",
		"/etc/hostname": hostname + "\n",
	}
	if len(j.Joined) > 0 {
		files[ResolvConf] = cmp.Or(j.Resolv, resolv())
	}
	return files
}

// resolv is how the host resolves names, as far as it means anything in another network: the resolver of systemd listens on
// the host's loopback, and knows better servers.
func resolv() string {
	if text := contents(ResolvConf); !strings.Contains(text, "nameserver 127.") {
		return text
	}
	return contents("/run/systemd/resolve/resolv.conf")
}

// contents is a file's, or nothing.
func contents(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(data)
}
