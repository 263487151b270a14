package httpapi_test

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"codeberg.org/reeve/reeve/agentd/httpapi"
	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// schema is one of openapi.yaml, as far as objects go.
type schema struct {
	Ref        string            `yaml:"$ref"`
	Properties map[string]schema `yaml:"properties"`
	Items      *schema           `yaml:"items"`
	Values     *schema           `yaml:"additionalProperties"`
}

// TestDescribed holds openapi.yaml, the routes, and the types of the answers together, both ways.
func TestDescribed(t *testing.T) {
	var doc struct {
		Paths      map[string]map[string]any
		Components struct{ Schemas map[string]schema }
	}
	w := ask(t, httpapi.New(config(&workload.View{})), http.MethodGet, "/reeve/v1/openapi.yaml", "")
	if err := yaml.Unmarshal(w.Body.Bytes(), &doc); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d, %v", w.Code, err)
	}
	var described []string
	for path, methods := range doc.Paths {
		for method := range methods {
			described = append(described, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(described)
	if diff := cmp.Diff(described, slices.Sorted(slices.Values(httpapi.ReeveRoutes()))); diff != "" {
		t.Errorf("described (-), routed (+):\n%s", diff)
	}
	all := doc.Components.Schemas
	var compare func(where string, s schema, typ reflect.Type)
	compare = func(where string, s schema, typ reflect.Type) {
		if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
			s = all[name]
		}
		switch {
		case typ.Kind() == reflect.Pointer:
			compare(where, s, typ.Elem())
		case typ.Kind() == reflect.Slice && s.Items != nil:
			compare(where, *s.Items, typ.Elem())
		case typ.Kind() == reflect.Map && s.Values != nil:
			compare(where, *s.Values, typ.Elem())
		case typ.Kind() == reflect.Struct && typ.PkgPath() != "time":
			fields := map[string]reflect.Type{}
			for field := range typ.Fields() {
				name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
				fields[name] = field.Type
			}
			if diff := cmp.Diff(slices.Sorted(maps.Keys(s.Properties)), slices.Sorted(maps.Keys(fields))); diff != "" {
				t.Errorf("%s: described (-), there (+):\n%s", where, diff)
			}
			for name, typ := range fields {
				compare(where+"."+name, s.Properties[name], typ)
			}
		}
	}
	for name, typ := range map[string]reflect.Type{
		"Usage": reflect.TypeFor[reeveapi.Usage](), "HostDetail": reflect.TypeFor[reeveapi.HostDetail](), "Images": reflect.TypeFor[reeveapi.Images](),
		"ContainerDetail": reflect.TypeFor[reeveapi.ContainerDetail](), "Log": reflect.TypeFor[reeveapi.Log](), "Error": reflect.TypeFor[reeveapi.Error](),
	} {
		compare(name, all[name], typ)
	}
}
