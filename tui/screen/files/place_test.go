package files

import "testing"

func TestPlace(t *testing.T) {
	const sandbox = "/var/lib/reeve/agent/slaves/f3c1a9e2-77aa-4e0b-9b1e-2f3c7e5d8a10-S6/frameworks/f3c1a9e2-77aa-4e0b-9b1e-2f3c7e5d8a10-0001/executors/web-api.3/runs/9d21c0e2-77aa-4e0b-9b1e-2f3c7e5d8a10"
	for _, test := range []struct {
		at   string
		w    int
		want string
	}{
		{"/var/lib/x/runs/7", 40, "/var/lib/x/runs/7"},
		{sandbox + "/conf", 120, "/var/lib/reeve/agent/slaves/f3c1…-S6/frameworks/f3c1…-0001/executors/web-api.3/runs/9d21…/conf"},
		{sandbox, 90, "/var/…/frameworks/f3c1…-0001/executors/web-api.3/runs/9d21c0e2-77aa-4e0b-9b1e-2f3c7e5d8a10"},
		{sandbox + "/conf", 60, "/var/…/f3c1…-0001/executors/web-api.3/runs/9d21…/conf"},
		{sandbox + "/conf", 30, "/var/…/runs/9d21…/conf"},
		{sandbox + "/conf", 3, "/var/…/conf"},
		{"/", 10, "/"},
	} {
		if got := place(test.at, "…", test.w); got != test.want {
			t.Errorf("place(%q, %d) = %q, want %q", test.at, test.w, got, test.want)
		}
	}
}
