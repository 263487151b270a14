package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// TestVersions: an update takes the version that was seen, and no other.
func TestVersions(t *testing.T) {
	m := newMaster(t)
	put := func(match, command string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPut, "/reeve/v1/jobs/web", strings.NewReader(`{"name":"web","kind":"service","command":"`+command+`","resources":{}}`))
		r.Header.Set("If-Match", match)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		m.handler.ServeHTTP(w, r)
		return w
	}
	w := m.ask(t, "POST", "/reeve/v1/jobs", `{"name":"web","kind":"service","command":"v1","resources":{}}`)
	if tag := w.Header().Get("ETag"); w.Code != 201 || tag != `"1"` {
		t.Fatalf("submit: got %d, ETag %s", w.Code, tag)
	}
	for _, step := range []struct {
		match, command string
		status         int
		tag            string
	}{
		{`"7"`, "v2", 409, ""},
		{`"1"`, "v2", 200, `"2"`},
		{`"1"`, "v3", 409, ""},
		{`*`, "v3", 200, `"3"`},
		{`"3"`, "v3", 200, `"3"`},
		{`x`, "v4", 400, ""},
	} {
		if w := put(step.match, step.command); w.Code != step.status || w.Header().Get("ETag") != step.tag {
			t.Errorf("%s %s: got %d, ETag %s: %s", step.match, step.command, w.Code, w.Header().Get("ETag"), w.Body)
		}
	}
	var job reeveapi.Job
	if err := json.Unmarshal(m.ask(t, "GET", "/reeve/v1/jobs/web", "").Body.Bytes(), &job); err != nil {
		t.Fatal(err)
	}
	if len(job.History) != 3 || job.Spec.Command != "v3" || job.Spec.Update.MaxSurge != 1 {
		t.Errorf("got %d versions, %+v", len(job.History), job.Spec)
	}
}

// TestSchema holds the published schema and JobSpec together, both ways.
func TestSchema(t *testing.T) {
	type schema struct {
		Properties map[string]json.RawMessage `json:"properties"`
		Items      json.RawMessage            `json:"items"`
	}
	var check func(where string, raw json.RawMessage, typ reflect.Type)
	check = func(where string, raw json.RawMessage, typ reflect.Type) {
		var s schema
		if err := json.Unmarshal(raw, &s); err != nil {
			t.Fatal(err)
		}
		for typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		if typ.Kind() == reflect.Slice && typ.Elem().Kind() == reflect.Struct {
			check(where+"[]", s.Items, typ.Elem())
			return
		}
		if typ.Kind() != reflect.Struct {
			return
		}
		var fields, described []string
		for field := range typ.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			fields = append(fields, name)
			if yaml, _, _ := strings.Cut(field.Tag.Get("yaml"), ","); yaml != name {
				t.Errorf("%s.%s is %q in YAML", where, name, yaml)
			}
			if raw, there := s.Properties[name]; there { // what is not is told below
				check(where+"."+name, raw, field.Type)
			}
		}
		for name := range s.Properties {
			described = append(described, name)
		}
		slices.Sort(fields)
		slices.Sort(described)
		if diff := cmp.Diff(described, fields); diff != "" {
			t.Errorf("%s: described (-), there (+):\n%s", where, diff)
		}
	}
	body := newStandby(nil).ask(t, "GET", "/reeve/v1/jobs/schema.json", "").Body.Bytes()
	check("job", body, reflect.TypeFor[reeveapi.JobSpec]())
}
