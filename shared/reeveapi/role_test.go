package reeveapi

import "testing"

func TestParseQuantities(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "cpus:2,mem:1024": "cpus:2,mem:1024", " mem = 1024 ; cpus=0.5": "cpus:0.5,mem:1024", "gpus:0": "gpus:0",
		"cpus": "!", "ports:1": "!", "cpus:-1": "!", "cpus:x": "!", "cpus:NaN": "!", "cpus:1,cpus:2": "!", "mem:1e13": "!",
	} {
		q, err := ParseQuantities(text)
		if got := q.String(); err == nil && got != want || (err != nil) != (want == "!") {
			t.Errorf("%q is %q, %v; want %q", text, got, err, want)
		}
	}
}
