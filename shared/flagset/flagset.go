// Package flagset is how both daemons read their settings: a flag on the command line, else REEVE_<NAME> in the
// environment, else the --config file, else the default. It owns the precedence, the spelling (a "_" is taken
// for a "-", as Mesos writes its flags) and the texts of what can go wrong; which flags exist is the daemons' business,
// but for the ones they share (Common). Start reading at Load.
package flagset

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"gopkg.in/yaml.v3"

	"codeberg.org/reeve/reeve/shared/fault"
)

// ConfigFlag is the flag that names the configuration file.
const ConfigFlag = "config"

// maxConfigBytes bounds a configuration file; a real one has a few hundred bytes.
const maxConfigBytes = 1 << 20

// Normalize makes the set accept "_" for "-" in names.
func Normalize(fs *pflag.FlagSet) {
	fs.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		return pflag.NormalizedName(kebab(name))
	})
}

func kebab(name string) string { return strings.ReplaceAll(name, "_", "-") }

// EnvName is the environment variable of a flag: "work-dir" is REEVE_WORK_DIR.
func EnvName(flag string) string {
	return "REEVE_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// Load completes a set whose command line has been parsed: a flag that was not given is taken from the environment, then
// from the file that --config (or REEVE_CONFIG) names. lookup is os.LookupEnv outside tests. Errors are Invalid and name
// the variable, or the file, line and key.
func Load(fs *pflag.FlagSet, lookup func(string) (string, bool)) error {
	if err := loadEnv(fs, lookup); err != nil {
		return err
	}
	config := fs.Lookup(ConfigFlag)
	if config == nil || config.Value.String() == "" {
		return nil
	}
	return loadFile(fs, config.Value.String())
}

func loadEnv(fs *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var err error
	fs.VisitAll(func(f *pflag.Flag) {
		value, ok := lookup(EnvName(f.Name))
		if err != nil || !ok || f.Changed {
			return
		}
		if bad := set(f, []string{value}, true); bad != nil {
			err = fault.New(fault.Invalid, "%s=%q in the environment is no value for --%s: %v", EnvName(f.Name), value, f.Name, bad)
		}
	})
	return err
}

// set gives a flag its value. A repeatable flag takes all values; split says that one text may hold several, with commas.
func set(f *pflag.Flag, values []string, split bool) error {
	list, repeatable := f.Value.(pflag.SliceValue)
	if !repeatable {
		if len(values) != 1 {
			return errors.New("it takes one value, not a list")
		}
		if err := f.Value.Set(values[0]); err != nil {
			return err
		}
		f.Changed = true
		return nil
	}
	if split {
		values = slices.DeleteFunc(strings.Split(values[0], ","), func(s string) bool { return s == "" })
	}
	if err := list.Replace(values); err != nil {
		return err
	}
	f.Changed = true
	return nil
}

func loadFile(fs *pflag.FlagSet, path string) error {
	data, err := readLimited(path)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "read the configuration file of --config")
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return fault.Wrap(fault.Invalid, err, "%s is not YAML", path)
	}
	if len(doc.Content) == 0 {
		return nil // an empty file sets nothing
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return fault.New(fault.Invalid, "%s:%d: expected lines of the form \"flag-name: value\"", path, root.Line)
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		name := kebab(key.Value)
		if seen[name] {
			return fault.New(fault.Invalid, "%s:%d: %s is set twice; remove one of the lines", path, key.Line, key.Value)
		}
		seen[name] = true
		if err := loadKey(fs, name, value); err != nil {
			return fault.New(fault.Invalid, "%s:%d: %s: %v", path, key.Line, key.Value, err)
		}
	}
	return nil
}

func loadKey(fs *pflag.FlagSet, name string, value *yaml.Node) error {
	f := fs.Lookup(name)
	if f == nil || name == ConfigFlag || name == "help" {
		return errors.New("no such setting; keys are the flags that --help lists, without the dashes")
	}
	values, err := scalars(value)
	if err != nil {
		return err
	}
	if f.Changed {
		return nil
	}
	if err := set(f, values, false); err != nil {
		return fmt.Errorf("%q is no value for it: %w", strings.Join(values, ", "), err)
	}
	return nil
}

func scalars(value *yaml.Node) ([]string, error) {
	switch value.Kind {
	case yaml.ScalarNode:
		return []string{value.Value}, nil
	case yaml.SequenceNode:
		var values []string
		for _, item := range value.Content {
			if item.Kind != yaml.ScalarNode {
				return nil, fmt.Errorf("line %d: expected a plain value in the list", item.Line)
			}
			values = append(values, item.Value)
		}
		return values, nil
	default:
		return nil, errors.New("expected a plain value or a list of plain values")
	}
}

func readLimited(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // opened for reading: nothing can be lost
	data, err := io.ReadAll(io.LimitReader(file, maxConfigBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxConfigBytes {
		return nil, fmt.Errorf("%s has more than %d bytes, the most allowed", path, maxConfigBytes)
	}
	return data, nil
}
