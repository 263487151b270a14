package export

import "testing"

func TestForms(t *testing.T) {
	titles, rows := []string{"TASK", "CPU USE"}, [][]string{{`say "hi", twice`, "0.5"}, {"ünï\nx", ""}}
	if got, want := CSV(titles, rows), "TASK,CPU USE\n\"say \"\"hi\"\", twice\",0.5\n\"ünï\nx\",\n"; got != want {
		t.Errorf("as CSV it is %q, want %q", got, want)
	}
	want := `{"cpu_use":"0.5","task":"say \"hi\", twice"}` + "\n" + `{"cpu_use":"","task":"ünï\nx"}` + "\n"
	if got := Lines(titles, rows); got != want {
		t.Errorf("as lines it is %q, want %q", got, want)
	}
}
