package flagset

import (
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// Common holds the flags that both daemons have. Register declares them, Complete fills in what was left open.
type Common struct {
	IP          string
	Port        int
	GossipPort  int
	AdvertiseIP string
	Hostname    string
	Named       bool // --hostname was given, not asked of the system: people expect others to be able to resolve it
	Name        string
	WorkDir     string
	Join        []string
	Encrypt     string
	LogFormat   string
	LogLevel    string
	LogDir      string
	Insecure    bool
	Domain      string
	DomainInfo  *mesosv1.DomainInfo // read from Domain by Complete, nil if there is none
}

// Register declares the shared flags and --config. defaultPort is of the HTTP API, defaultWorkDir of --work-dir.
func (c *Common) Register(fs *pflag.FlagSet, defaultPort int, defaultWorkDir string) {
	fs.String(ConfigFlag, "", "YAML file of settings; its keys are the names of these flags")
	fs.StringVar(&c.IP, "ip", "127.0.0.1", "address to listen on")
	fs.IntVar(&c.Port, "port", defaultPort, "port of the HTTP API; 0 takes a free one")
	fs.IntVar(&c.GossipPort, "gossip-port", 7946, "port of the gossip (TCP and UDP); 0 takes a free one")
	fs.StringVar(&c.AdvertiseIP, "advertise-ip", "", "address that others are told to use (default --ip)")
	fs.StringVar(&c.Hostname, "hostname", "", "host name that others are told (default that of the system)")
	fs.StringVar(&c.Name, "name", "", "name of this member, unique in the cluster (default the host name)")
	fs.StringVar(&c.WorkDir, "work-dir", defaultWorkDir, "directory for everything that must survive a restart")
	fs.StringSliceVar(&c.Join, "join", nil, "gossip address of any member, ip:port; may be given several times")
	fs.StringVar(&c.Encrypt, "encrypt", "", "file with the gossip keys")
	fs.StringVar(&c.LogFormat, "log-format", "", "json or text (default text on a terminal, json elsewhere)")
	fs.StringVar(&c.LogLevel, "log-level", "info", "debug, info, warn or error")
	fs.StringVar(&c.LogDir, "log-dir", "", "directory for a log file beside standard error; it can be read through /files then")
	fs.StringVar(&c.Domain, "domain", "", "region and zone of this machine, as JSON or a file: {\"fault_domain\":{\"region\":{\"name\":\"eu\"},\"zone\":{\"name\":\"eu-1\"}}}")
	fs.BoolVar(&c.Insecure, "insecure", false, "allow to listen beyond loopback without TLS")
}

// Complete fills in defaults that depend on the host and checks every value. It makes the work dir.
func (c *Common) Complete() error {
	ip := net.ParseIP(c.IP)
	if ip == nil {
		return fault.New(fault.Invalid, "--ip %q is not an IP address; give one of this machine, such as 127.0.0.1", c.IP)
	}
	if err := CheckPorts(map[string]int{"port": c.Port, "gossip-port": c.GossipPort}); err != nil {
		return err
	}
	if err := c.completeAdvertise(ip); err != nil {
		return err
	}
	if err := c.completeNames(); err != nil {
		return err
	}
	for _, addr := range c.Join {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return fault.New(fault.Invalid, "--join %q is not of the form host:port; give a member's gossip address", addr)
		}
	}
	var err error
	if c.DomainInfo, err = parseDomain(c.Domain); err != nil {
		return err
	}
	return c.makeWorkDir()
}

// CheckPorts reports the first flag whose port is out of range.
func CheckPorts(ports map[string]int) error {
	for flag, port := range ports {
		if port < 0 || port > 65535 {
			return fault.New(fault.Invalid, "--%s %d is not a port; give 0 (any free one) to 65535", flag, port)
		}
	}
	return nil
}

func (c *Common) completeAdvertise(ip net.IP) error {
	switch {
	case c.AdvertiseIP != "":
		if net.ParseIP(c.AdvertiseIP) == nil {
			return fault.New(fault.Invalid, "--advertise-ip %q is not an IP address", c.AdvertiseIP)
		}
	case !ip.IsUnspecified():
		c.AdvertiseIP = c.IP
	default:
		found, err := firstAddress()
		if err != nil {
			return err
		}
		c.AdvertiseIP = found
	}
	return nil
}

// firstAddress finds what to tell others when listening on every address.
func firstAddress() (string, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return "", fmt.Errorf("list the addresses of this machine: %w", err)
	}
	for _, addr := range addrs {
		if n, ok := addr.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
			return n.IP.String(), nil
		}
	}
	return "", fault.New(fault.Invalid, "no address to tell others was found; give one with --advertise-ip")
}

func (c *Common) completeNames() error {
	c.Named = c.Hostname != ""
	if !c.Named {
		name, err := os.Hostname()
		if err != nil {
			return fault.Wrap(fault.Invalid, err, "ask the system for its host name; give one with --hostname")
		}
		c.Hostname = name
	}
	if c.Name == "" {
		c.Name = c.Hostname
	}
	return CheckName(c.Name)
}

// maxName leaves room for the role in Serf's limit of 128.
const maxName = 100

// CheckName reports why a member cannot have this name, or nil.
func CheckName(name string) error {
	if name == "" || len(name) > maxName {
		return fault.New(fault.Invalid, "--name %q must have 1 to %d characters", name, maxName)
	}
	for _, r := range name {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.'
		if !letter {
			return fault.New(fault.Invalid, "--name %q must consist of letters, digits, \"-\" and \".\"; choose another one", name)
		}
	}
	return nil
}

func (c *Common) makeWorkDir() error {
	if c.WorkDir == "" {
		return fault.New(fault.Invalid, "--work-dir must not be empty; give a directory that survives restarts")
	}
	dir, err := filepath.Abs(c.WorkDir)
	if err != nil {
		return fmt.Errorf("make --work-dir %s absolute: %w", c.WorkDir, err)
	}
	c.WorkDir = dir
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // sandboxes inside are read by other users
		return fault.New(fault.Invalid, "--work-dir %s cannot be made: %v; give one that this user may write", dir, err)
	}
	probe, err := os.CreateTemp(dir, ".writable-*")
	if err != nil {
		return fault.New(fault.Invalid, "--work-dir %s is not writable: %v; give one that this user may write", dir, err)
	}
	if err := probe.Close(); err != nil {
		return fmt.Errorf("probe --work-dir %s: %w", dir, err)
	}
	if err := os.Remove(probe.Name()); err != nil {
		return fmt.Errorf("probe --work-dir %s: %w", dir, err)
	}
	return nil
}
