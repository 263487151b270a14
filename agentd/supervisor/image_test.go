package supervisor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/agentd/image"
	"codeberg.org/reeve/reeve/agentd/launch"
	"codeberg.org/reeve/reeve/shared/fault"
)

// Who a container in an image is: whom the command names, then the image, then the framework; the image's own lists count
// first, and an image makes nobody root.
func TestAccount(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"passwd": "root:x:0:0::/root:/bin/sh\nweb:x:4711:4712::/srv:/bin/sh\nnobody:x:99:98::/:/bin/sh\n", "group": "web:x:4712:\nlog:x:4713:web\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, "etc", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		command, image, owner string
		fixed                 bool // --switch-user=false
		uid                   int
		groups                int
		home                  string
		wrong                 string
	}{
		"nobody says anything":          {owner: "root", uid: 0, home: "/root"},
		"the framework":                 {owner: "daemon", uid: 1, home: "/"},
		"the image":                     {image: "web", owner: "root", uid: 4711, groups: 1, home: "/srv"},
		"the image, by numbers":         {image: "1234:99", owner: "root", uid: 1234, home: "/"},
		"the command":                   {command: "web", image: "root", owner: "web", uid: 4711, groups: 1, home: "/srv"},
		"the image's list before ours":  {command: "nobody", owner: "nobody", uid: 99, home: "/"},
		"a user of the host only":       {command: "daemon", owner: "daemon", uid: 1, home: "/"},
		"nowhere":                       {command: "nosuch", owner: "root", wrong: `user "nosuch" exists neither in the image nor on this host`},
		"the image's user is not there": {image: "nosuch", owner: "root", wrong: `user "nosuch" does not exist in the image`},
		"an image that wants root":      {image: "root", owner: "daemon", uid: 1, home: "/"},
		"an image that wants 0":         {image: "0:0", owner: "daemon", uid: 1, home: "/"},
		"no switching":                  {command: "web", image: "web", owner: "daemon", fixed: true, uid: 1, home: "/"},
	} {
		t.Run(name, func(t *testing.T) {
			img := image.Image{Layers: []string{dir}, Config: image.Config{User: test.image}}
			got, err := account(&launch.Inside{User: test.command, SwitchUser: !test.fixed}, img, test.owner)
			if test.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), test.wrong) || fault.KindOf(err) == fault.Internal {
					t.Errorf("got %v, want %s", err, test.wrong)
				}
				return
			}
			if err != nil || got.UID != test.uid || got.Home != test.home || test.groups > 0 && len(got.Groups) != test.groups {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}
