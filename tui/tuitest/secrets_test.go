package tuitest

import (
	"strings"
	"testing"
	"time"
)

// TestSecrets stores a secret that is typed, gives one a value from a file, and removes what nobody needs.
func TestSecrets(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 100, H: 30}, func(c *Console) {
		c.Press(":", "secrets", "enter")
		c.Expect("› secrets", "shop-db", "sealed", "in clear", "checkout", "1704")
		c.Press("n")
		c.Expect("New secret", "what jobs call it")
		c.Press("ctrl+x")
		c.Expect("not yet: Name, Value must be put right")
		c.Type("tls-key")
		c.Expect("there is one: this makes version 2 of it")
		c.Type("-old")
		c.Press("tab", "hunter2")
		c.Expect("*******", "7 bytes")
		c.Press("ctrl+x")
		c.Expect("Store secret tls-key-old", "A new secret of 7 bytes", "[ Cancel ]")
		c.Lacks("hunter2")
		c.Press("tab", "enter")
		c.Pass(time.Second)
		c.Expect("stored secret tls-key-old", "› secrets")
		if line := c.Line(" tls-key-old "); !strings.Contains(line, "1") || !strings.Contains(line, "7") {
			t.Errorf("the list has %q", line)
		}
		c.Press("g", "j", "j", "ctrl+k")
		c.Expect("secret tls-key is needed by checkout; stop that")
		c.Press("space", "space", "ctrl+k")
		c.Expect("Remove secret tls-key-old", "needed by checkout: left out", "gone for good")
		c.Press("tab", "enter")
		c.Pass(time.Second)
		c.Expect("removed secret tls-key-old")
		if got, err := c.Cluster.Secrets(t.Context()); err != nil || len(got) != 3 {
			t.Errorf("%d secrets are left, %v", len(got), err)
		}
		c.Press("8", "/", "secret_", "enter")
		c.Expect("SECRET_SET", "SECRET_REMOVED")
		c.Press("enter")
		c.Expect("› secrets")
	})
}

// TestSecretFromAFile gives a secret the bytes of a file, and keeps what several lines would lose out of the field.
func TestSecretFromAFile(t *testing.T) {
	t.Parallel()
	Run(t, Options{W: 100, H: 30}, func(c *Console) {
		c.Press(":", "secrets", "enter", "/", "tls", "enter", "E")
		c.Expect("A new value for secret tls-key", "needed by checkout")
		c.Type("\x1b[200~one\ntwo\x1b[201~")
		c.Expect("put it into a file")
		c.Press("tab", "~/nowhere", "ctrl+x")
		c.Expect("open ~/nowhere: file does not exist")
		for range len("nowhere") {
			c.Press("backspace")
		}
		c.Type("tls.key")
		c.Press("ctrl+x")
		c.Expect("43 bytes take the place of version 1", "Needed by checkout", "launched from now on", "ends in a line break")
		c.Press("tab", "enter")
		c.Pass(time.Second)
		c.Expect("secret tls-key has a new value")
		got, err := c.Cluster.Secrets(t.Context())
		if err != nil || got[2].Version != 2 || got[2].Size != 43 {
			t.Errorf("the secret is %+v, %v", got[2], err)
		}
	})
	Run(t, Options{ReadOnly: true}, func(c *Console) {
		c.Press(":", "secrets", "enter", "ctrl+k")
		c.Expect("remove: this console is read-only")
		c.Press("n", "a", "tab", "b", "ctrl+x")
		c.Expect("store: this console is read-only")
	})
}

// TestSecretsLeaveNoTrace keeps a value out of what a console keeps.
func TestSecretsLeaveNoTrace(t *testing.T) {
	t.Parallel()
	Run(t, Options{}, func(c *Console) {
		c.Press(":", "secrets", "enter", "n", "a", "tab", "hunter2")
		s := c.Root.Session()
		if n := len(s.Open); n != 1 {
			t.Errorf("%d screens are kept, want only the list", n)
		}
		c.Press("esc", "n")
		c.Lacks("****", "hunter2")
	})
}
