package shells

import (
	"os/exec"
	"slices"
	"testing"
)

func TestFound(t *testing.T) {
	in := Found("/bin/bash\n/bin/sh\nash\n--\nwww-data\n--\nroot:0:/bin/sh\ndaemon:1:/usr/sbin/nologin\nweb:1000:/bin/bash\nx:1:\nbroken\n")
	if want := []string{"/bin/bash", "/bin/sh"}; !slices.Equal(in.Programs, want) {
		t.Errorf("programs %q, want %q", in.Programs, want)
	}
	if want := []string{"root", "web", "x"}; in.Self != "www-data" || !slices.Equal(in.Users, want) {
		t.Errorf("self %q, users %q, want %q", in.Self, in.Users, want)
	}
	for _, text := range []string{"", "--\n", "--\n--\n", "nothing", "\x00--\n\n--\n:::"} {
		if in := Found(text); len(in.Programs) > 0 || len(in.Users) > 0 {
			t.Errorf("%q: %+v", text, in)
		}
	}
}

// TestLook runs the look on this machine.
func TestLook(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", Look).Output()
	if err != nil {
		t.Fatal(err)
	}
	in := Found(string(out))
	if len(in.Programs) == 0 || in.Self == "" || !slices.Contains(in.Users, "root") {
		t.Errorf("%q is read as %+v", out, in)
	}
}
