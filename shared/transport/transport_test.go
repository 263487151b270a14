package transport

import (
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/fault"
)

func TestListenRefusals(t *testing.T) {
	t.Parallel()
	l, err := Config{}.Listen("port", "127.0.0.1", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	port := PortOf(l.Addr())
	for name, tt := range map[string]struct {
		ip   string
		port int
		cfg  Config
		kind fault.Kind
		want string
	}{
		"in use":          {"127.0.0.1", port, Config{}, fault.Conflict, "--port: 127.0.0.1:"},
		"beyond loopback": {"0.0.0.0", 0, Config{}, fault.Invalid, "--insecure"},
		"not ours":        {"192.0.2.1", 0, Config{Insecure: true}, fault.Invalid, "this machine has no address"},
		"not an address":  {"localhost", 0, Config{}, fault.Invalid, "not an IP address"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := tt.cfg.Listen("port", tt.ip, tt.port)
			if err == nil {
				_ = l.Close()
			}
			if err == nil || fault.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v (%s), want %s with %q", err, fault.KindOf(err), tt.kind, tt.want)
			}
		})
	}
	if err := (Config{}).CheckFree("gossip-port", "127.0.0.1", port); fault.KindOf(err) != fault.Conflict {
		t.Errorf("CheckFree of a used port: %v", err)
	}
}

func TestDialReachesAListener(t *testing.T) {
	t.Parallel()
	c := Config{Insecure: true}
	l, err := c.Listen("port", "0.0.0.0", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	conn, err := c.Dial(t.Context(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}
