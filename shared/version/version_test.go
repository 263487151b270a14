package version

import "testing"

func TestFull(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ commit, date, want string }{
		{"", "", "1.2.3"},
		{"", "2026-01-31T12:00:00Z", "1.2.3"},
		{"0123456789abcdef", "", "1.2.3 (commit 0123456789ab)"},
		{"0123456789abcdef", "2026-01-31T12:00:00Z", "1.2.3 (commit 0123456789ab of 2026-01-31T12:00:00Z)"},
		{"short", "", "1.2.3 (commit short)"},
	} {
		if got := full("1.2.3", tt.commit, tt.date); got != tt.want {
			t.Errorf("full(%q, %q) = %q, want %q", tt.commit, tt.date, got, tt.want)
		}
	}
}

func TestLinkedValuesWin(t *testing.T) {
	commit, date = "c", "d"
	t.Cleanup(func() { commit, date = "", "" })
	if Commit() != "c" || Date() != "d" {
		t.Errorf("Commit() = %q, Date() = %q; want c and d", Commit(), Date())
	}
}
