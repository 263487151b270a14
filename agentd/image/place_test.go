package image

import (
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/fault"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestParse(t *testing.T) {
	hub, own := Places{Dir: "/images"}, Places{Registry: "registry.example:5000"}
	local := Places{Local: "/tars"}
	for _, test := range []struct {
		places Places
		text   string
		key    string
	}{
		{hub, "alpine", "index.docker.io/library/alpine:latest"},
		{hub, "docker://alpine:3", "index.docker.io/library/alpine:3"},
		{hub, "team/web@" + digest, "index.docker.io/team/web@" + digest},
		{hub, "team/web:1@" + digest, "index.docker.io/team/web@" + digest},
		{hub, "127.0.0.1:5000/web", "127.0.0.1:5000/web:latest"},
		{hub, "localhost/web:x", "localhost/web:x"},
		{own, "web", "registry.example:5000/web:latest"},
		{own, "quay.io/team/web:2", "quay.io/team/web:2"},
		{hub, "oci:web", "oci:/images/web::"},
		{hub, "oci:team/web:1.2", "oci:/images/team/web:1.2:"},
		{hub, "oci-archive:web.tar@" + digest, "oci-archive:/images/web.tar::" + digest},
		{hub, "docker-archive:web.tar:team/web:1", "docker-archive:/images/web.tar:team/web:1:"},
		{local, "web:1", "docker-archive:/tars/web:1.tar::"},
		{local, "team/web", "docker-archive:/tars/team/web.tar::"},
		{local, "quay.io/team/web:2", "quay.io/team/web:2"},
	} {
		place, err := test.places.Parse(test.text)
		if err != nil || place.Key() != test.key {
			t.Errorf("%s: got %q, %v, want %q", test.text, place.Key(), err, test.key)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"": "no name", "Upper": "not a name", "a b": "not a name", "x@sha256:12": "not a name", "x:": "not a name", "https://quay.io/x": "not a name",
		strings.Repeat("x", 2000): "2000 characters", "oci:../etc": "below /images", "oci:/etc": "below /images", "oci:": "below /images", "oci:x@sha256:1": "a digest that is none",
		"docker-archive:a/../../b": "below /images",
	} {
		_, err := Places{Dir: "/images"}.Parse(text)
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
	if _, err := (Places{}).Parse("oci:x"); err == nil || !strings.Contains(err.Error(), "--image-dir") {
		t.Errorf("got %v, want the way out", err)
	}
	for _, text := range []string{"../../etc/x", "a/../../x", "/etc/x"} {
		if place, err := (Places{Local: "/tars"}).Parse(text); err == nil {
			t.Errorf("%q leads to %s", text, place.Path)
		}
	}
}

// No name leads out of the directories that the operator gave, and equal places have equal keys.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"alpine:3", "oci:a:b@" + digest, "docker-archive:../x", "127.0.0.1:5000/a@" + digest, "oci-archive:a/b.tar", "a:b:c", "\x00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, places := range []Places{{Dir: "/images"}, {Local: "/images"}, {Registry: "r.example"}} {
			place, err := places.Parse(text)
			if err != nil {
				if fault.KindOf(err) != fault.Invalid {
					t.Errorf("%q: %v is not the caller's fault", text, err)
				}
				continue
			}
			if place.Kind != Registry && (place.Path != "/images" && !strings.HasPrefix(place.Path, "/images/") || filepath.Clean(place.Path) != place.Path) {
				t.Errorf("%q leads to %q", text, place.Path)
			}
			if again, err := places.Parse(text); err != nil || again.Key() != place.Key() || place.Key() == "" {
				t.Errorf("%q: %q and %q, %v", text, place.Key(), again.Key(), err)
			}
		}
	})
}
