package serve

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/tui/keytest"
)

func TestParseKeys(t *testing.T) {
	alice, aliceLine, _ := keytest.New(t)
	bob, bobLine, _ := keytest.New(t)
	eve, _, _ := keytest.New(t)
	keys, err := parseKeys([]byte("# operators\n\nprincipal=\"alice\",access=\"read-write\" " + aliceLine + " laptop\n" + `principal="bob" ` + bobLine + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	if g, ok := keys.Find(alice.PublicKey()); !ok || g.Principal != "alice" || !g.ReadWrite {
		t.Errorf("alice's key: %+v, %v", g, ok)
	}
	if g, ok := keys.Find(bob.PublicKey()); !ok || g.Principal != "bob" || g.ReadWrite {
		t.Errorf("bob's key: %+v, %v; without access it is read-only", g, ok)
	}
	if _, ok := keys.Find(eve.PublicKey()); ok {
		t.Error("a key that is not in the file was found")
	}
	for _, test := range []struct{ text, want string }{
		{"\nnonsense", "line 2: this is no public key"},
		{aliceLine, "line 1: the key has no principal"},
		{`principal="../root" ` + aliceLine, "line 1: the key has no principal"},
		{`principal=".hidden" ` + aliceLine, "line 1: the key has no principal"},
		{`principal="a",access="all" ` + aliceLine, `line 1: access is read-only or read-write, not "all"`},
		{`principal="a",command="ls" ` + aliceLine, `line 1: unknown option "command"`},
		{`principal="a" ` + aliceLine + "\n" + `principal="b" ` + aliceLine, "line 2: the key is a's already"},
	} {
		if _, err := parseKeys([]byte(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got %v, want %q", test.text, err, test.want)
		}
	}
}

// TestLoadKeysRefusesWhatOthersCanWrite checks what would let anybody in.
func TestLoadKeysRefusesWhatOthersCanWrite(t *testing.T) {
	_, line, _ := keytest.New(t)
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, []byte(`principal="a" `+line), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKeys(path); err != nil {
		t.Error(err)
	}
	if err := os.Chmod(path, 0o622); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKeys(path); err == nil || !strings.Contains(err.Error(), "chmod go-w") {
		t.Errorf("got %v, want a refusal", err)
	}
}

func FuzzParseKeys(f *testing.F) {
	f.Add([]byte(`principal="alice",access="read-write" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJJrGfGBGKUvVZVYHqFVxUXwSFSNkGRCXLxXOHDBYmF4 x`))
	f.Add([]byte("# \n\n,, x y"))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := parseKeys(data)
		for _, k := range keys {
			if err == nil && !nameable(k.Principal) {
				t.Errorf("%q let %q in", data, k.Principal)
			}
		}
	})
}
