package httpapi_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// publishedSchema is the schema of jobs as editors get it.
func publishedSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(newStandby(nil).ask(t, "GET", "/reeve/v1/jobs/schema.json", "").Body)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("job.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("job.json")
	if err != nil {
		t.Fatalf("the schema is none: %v", err)
	}
	return schema
}

// judge says what the schema says of a file, and what a master does.
func judge(t *testing.T, schema *jsonschema.Schema, m *testMaster, text string) (byMaster string, bySchema error) {
	t.Helper()
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if value, err = jsonschema.UnmarshalJSON(bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	if w := m.ask(t, "POST", "/reeve/v1/jobs/plan", text); w.Code != 200 {
		byMaster = w.Body.String()
	}
	return byMaster, schema.Validate(value)
}

// TestSchemaJudgesAsMastersDo: the examples are right and mistakes are wrong, by the schema as by a master.
func TestSchemaJudgesAsMastersDo(t *testing.T) {
	schema, m := publishedSchema(t), newMaster(t)
	files, err := filepath.Glob("../../shared/docs/examples/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	right := []string{
		"{name: x, image: redis}",
		"{name: x, command: /bin/echo, args: [a], user: nobody, labels: {a: b}, uris: [http://x/y], fetch: [{uri: http://x/z, keep: true}]}",
		"{name: x, kind: service, command: serve, ports: 1, health: {tcp: true}, check: {command: test -e x}, limits: {cpus: 2}, reserved: never}",
		"{name: x, command: y, volumes: [{tmpfs_mb: 8, container: /cache}, {host: /data, container: data, read_only: true}]}",
		"{name: x, command: y, container: {capabilities: [NET_RAW], rlimits: {nofile: {soft: 1, hard: 2}, core: {}}, shm_mb: 64}}",
		"{name: x, kind: periodic, command: y, schedule: {cron: '@daily', overlap: replace}, deadline_seconds: 1.5}",
		"{name: x, command: y, constraints: [{attribute: rack, operator: max_per, value: '2'}, {attribute: zone, operator: in, values: [a]}]}",
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		right = append(right, string(text))
	}
	for _, text := range right {
		if byMaster, bySchema := judge(t, schema, m, text); bySchema != nil || byMaster != "" {
			t.Errorf("%s\nschema: %v\nmaster: %s", text, bySchema, byMaster)
		}
	}
	for _, text := range []string{
		"{command: y}",
		"{name: x}",
		"{name: x, comand: y}",
		"{name: x, command: y, kind: weekly}",
		"{name: x, command: y, instances: -1}",
		"{name: x, command: y, instances: 10001}",
		"{name: x, command: y, retries: 101}",
		"{name: x, command: y, resources: {cpu: 1}}",
		"{name: x, command: y, resources: {gpus: 0.5}}",
		"{name: x, command: y, fixed_ports: [70000]}",
		"{name: x, command: y, constraints: [{attribute: a, operator: equal, value: b}]}",
		"{name: x, command: y, constraints: [{operator: unique}]}",
		"{name: x, command: y, placement: anywhere}",
		"{name: x, command: y, reserved: always}",
		"{name: x, kind: service, command: y, update: {on_failure: ignore}}",
		"{name: x, kind: service, command: y, update: {max_surge: -1}}",
		"{name: x, kind: periodic, command: y, schedule: {overlap: skip}}",
		"{name: x, kind: periodic, command: y, schedule: {cron: '@daily', overlap: drop}}",
		"{name: x, kind: service, command: y, health: {http: x, port: 80}}",
		"{name: x, command: y, restart: {backoff_seconds: 0.01}}",
		"{name: x, command: y, secrets: [{env: A}]}",
		"{name: x, command: y, volumes: [{host: /data}]}",
		"{name: x, command: y, env: [A]}",
		"{name: x, command: y, kill_grace_seconds: -1}",
	} {
		if byMaster, bySchema := judge(t, schema, m, text); bySchema == nil || byMaster == "" {
			t.Errorf("%s is right, want it wrong\nschema: %v\nmaster: %s", text, bySchema, byMaster)
		}
	}
}

// described is a schema of openapi.yaml, as far as objects go.
type described struct {
	Ref        string               `yaml:"$ref"`
	Properties map[string]described `yaml:"properties"`
	Items      *described           `yaml:"items"`
	AllOf      []described          `yaml:"allOf"`
}

// components are the schemas of openapi.yaml, by name.
type components map[string]described

// properties are those of a schema, wherever they are written.
func (all components) properties(of described) map[string]described {
	if name, ok := strings.CutPrefix(of.Ref, "#/components/schemas/"); ok {
		return all.properties(all[name])
	}
	found := maps.Clone(of.Properties)
	for _, part := range of.AllOf {
		if found == nil {
			found = map[string]described{}
		}
		maps.Copy(found, all.properties(part))
	}
	return found
}

// fieldsOf are the names that a type has in JSON, those of embedded types too.
func fieldsOf(typ reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for field := range typ.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous && name == "" {
			maps.Copy(fields, fieldsOf(field.Type))
			continue
		}
		fields[name] = field.Type
	}
	return fields
}

// TestTypesAreDescribed holds what openapi.yaml says of the answers about jobs, and of brief lines, and the types that they have together, both ways.
func TestTypesAreDescribed(t *testing.T) {
	var doc struct {
		Components struct{ Schemas components }
	}
	if err := yaml.Unmarshal(newStandby(nil).ask(t, "GET", "/reeve/v1/openapi.yaml", "").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	all := doc.Components.Schemas
	var compare func(where string, schema described, typ reflect.Type)
	compare = func(where string, schema described, typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			if typ.Kind() == reflect.Slice && schema.Items != nil {
				schema = *schema.Items
			}
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || typ.PkgPath() == "time" || typ == reflect.TypeFor[reeveapi.JobSpec]() { // that is TestSchema's
			return
		}
		fields, properties := fieldsOf(typ), all.properties(schema)
		if diff := cmp.Diff(slices.Sorted(maps.Keys(properties)), slices.Sorted(maps.Keys(fields))); diff != "" {
			t.Errorf("%s: described (-), there (+):\n%s", where, diff)
		}
		for name, typ := range fields {
			compare(where+"."+name, properties[name], typ)
		}
	}
	for name, typ := range map[string]reflect.Type{
		"Job": reflect.TypeFor[reeveapi.Job](), "JobPlan": reflect.TypeFor[reeveapi.JobPlan](), "Secret": reflect.TypeFor[reeveapi.Secret](),
		"Brief": reflect.TypeFor[reeveapi.Brief](),
	} {
		compare(name, all[name], typ)
	}
}
