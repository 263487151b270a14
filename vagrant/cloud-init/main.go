// Command cloud-init writes the user data that turns fresh virtual machines of any provider into masters and agents, from the
// config.json that Vagrant uses, too: one file for each kind of machine, into the folder that -out names. Start reading at
// userData. The machines need no address of their own in it: agents can be as many as there are machines started with that file.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"
)

// config is what config.json says that matters here; machines.rb reads all of it.
type config struct {
	Masters    int      `json:"masters"`
	Agents     int      `json:"agents"`
	Together   bool     `json:"together"`
	Address    string   `json:"address"`
	Addresses  []string `json:"addresses"`
	Cluster    string   `json:"cluster"`
	PackageURL string   `json:"package_url"`
}

func main() {
	path := flag.String("config", "vagrant/config.json", "the configuration")
	out := flag.String("out", "dist/cloud-init", "folder for the user data")
	pkg := flag.String("package", "", "the package that machines are to fetch; its checksum goes into the user data")
	url := flag.String("url", "", "where machines fetch it (default: package_url of the configuration)")
	script := flag.String("provision", "vagrant/provision.sh", "the script that makes a machine a member")
	flag.Parse()
	if err := run(*path, *out, *pkg, *url, *script); err != nil {
		fmt.Fprintln(os.Stderr, "cloud-init:", err)
		os.Exit(1)
	}
}

func run(path, out, pkg, url, script string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	var c config
	if err := json.Unmarshal(data, &c); err != nil {
		return fmt.Errorf("%s is not what it should be: %w", path, err)
	}
	if url != "" {
		c.PackageURL = url
	}
	if c.PackageURL == "" {
		return errors.New("where do machines fetch the package? set package_url in the configuration, or give -url")
	}
	if pkg == "" {
		return errors.New("which package? give the file with -package, such as dist/reeve_…_amd64.deb; machines check what they fetch against it")
	}
	sum, err := checksum(pkg)
	if err != nil {
		return err
	}
	provision, err := os.ReadFile(script)
	if err != nil {
		return fmt.Errorf("read the script: %w", err)
	}
	masters, err := c.masters()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o750); err != nil {
		return fmt.Errorf("make the folder for the user data: %w", err)
	}
	for _, kind := range c.kinds() {
		text, err := userData(c, kind, masters, sum, string(provision))
		if err != nil {
			return err
		}
		name := filepath.Join(out, strings.Join(kind, "-and-")+".yaml")
		if err := os.WriteFile(name, text, 0o600); err != nil {
			return fmt.Errorf("write the user data: %w", err)
		}
		fmt.Println(name)
	}
	return nil
}

func checksum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read the package: %w", err)
	}
	defer func() { _ = f.Close() }() // opened for reading: nothing can be lost
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read the package: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// kinds are the sets of roles that machines have.
func (c config) kinds() [][]string {
	master, agent, both := []string{"master"}, []string{"agent"}, []string{"master", "agent"}
	switch {
	case !c.Together && c.Agents == 0, c.Together && c.Agents == 0:
		return [][]string{master}
	case !c.Together:
		return [][]string{master, agent}
	case c.Agents == c.Masters:
		return [][]string{both, agent} // more agents may come
	case c.Agents < c.Masters:
		return [][]string{both, master}
	default:
		return [][]string{both, agent}
	}
}

// masters are the first addresses: those listed, or consecutive ones.
func (c config) masters() ([]string, error) {
	if c.Masters < 1 || c.Masters%2 == 0 {
		return nil, fmt.Errorf("masters is %d; give an odd number: an even one survives no more losses than one less", c.Masters)
	}
	if len(c.Addresses) > 0 {
		if len(c.Addresses) < c.Masters {
			return nil, fmt.Errorf("addresses has %d for %d masters", len(c.Addresses), c.Masters)
		}
		return c.Addresses[:c.Masters], nil
	}
	first := net.ParseIP(c.Address).To4()
	if first == nil || int(first[3])+c.Masters-1 > 254 {
		return nil, fmt.Errorf("address %q is not an IPv4 address with room for %d masters", c.Address, c.Masters)
	}
	list := make([]string, c.Masters)
	for i := range list {
		list[i] = fmt.Sprintf("%d.%d.%d.%d", first[0], first[1], first[2], int(first[3])+i)
	}
	return list, nil
}

// cloudConfig is the part of cloud-init's format that is used. Field order is the order in the file.
type cloudConfig struct {
	WriteFiles []file     `yaml:"write_files"`
	RunCmd     [][]string `yaml:"runcmd"`
}

type file struct {
	Path        string `yaml:"path"`
	Permissions string `yaml:"permissions"`
	Content     string `yaml:"content"`
}

// Where a machine has what it is made from.
const (
	scriptPath   = "/usr/local/sbin/reeve-provision"
	settingsPath = "/etc/reeve-machine.env"
	fetchPath    = "/usr/local/sbin/reeve-fetch"
)

// fetch gets the package and checks it. What has the wrong checksum is never installed.
const fetch = `#!/bin/bash
# Fetches the package and makes this machine what /etc/reeve-machine.env says. Run again it is an upgrade.
set -euo pipefail
set -a; . /etc/reeve-machine.env; set +a
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
package=$dir/$(basename "$REEVE_PACKAGE_URL")
for try in 1 2 3 4 5 6; do
  if command -v curl >/dev/null; then curl -fsSL -o "$package" "$REEVE_PACKAGE_URL" && break
  else wget -q -O "$package" "$REEVE_PACKAGE_URL" && break; fi
  [ $try -lt 6 ] || { echo "$REEVE_PACKAGE_URL can't be fetched" >&2; exit 1; }
  sleep 10
done
echo "$REEVE_PACKAGE_SHA256  $package" | sha256sum -c --quiet
chmod 755 "$dir"
/usr/local/sbin/reeve-provision "$package"
`

// userData is the file for one kind of machine.
func userData(c config, roles, masters []string, sum, provision string) ([]byte, error) {
	settings := fmt.Sprintf("REEVE_BOX_ROLES=%q\nREEVE_BOX_MASTERS=%q\nREEVE_BOX_CLUSTER=%q\nREEVE_PACKAGE_URL=%q\nREEVE_PACKAGE_SHA256=%q\n",
		strings.Join(roles, " "), strings.Join(masters, " "), c.Cluster, c.PackageURL, sum)
	text, err := yaml.Marshal(cloudConfig{
		WriteFiles: []file{
			{settingsPath, "0644", settings}, {fetchPath, "0755", fetch}, {scriptPath, "0755", provision},
		},
		RunCmd: [][]string{{"bash", fetchPath}},
	})
	if err != nil {
		return nil, fmt.Errorf("write the user data: %w", err)
	}
	return append([]byte("#cloud-config\n"), text...), nil
}
