package config

import "testing"

func TestSize(t *testing.T) {
	for text, want := range map[string]size{"2GB": 2 << 30, "512MB": 512 << 20, "1.5KB": 1536, "0B": 0, "7B": 7, "1TB": 1 << 40} {
		var s size
		if err := s.Set(text); err != nil || s != want {
			t.Errorf("%s is %d, %v, want %d", text, s, err, want)
		}
		if written := s.String(); text != "1.5KB" && written != text {
			t.Errorf("%s is written %s", text, written)
		}
	}
	for _, text := range []string{"", "5", "GB", "-1GB", "1XB", "99999999999TB", "NaNGB"} {
		s := size(3)
		if err := s.Set(text); err == nil || s != 3 {
			t.Errorf("%q was taken for %d", text, s)
		}
	}
}
