package codec

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// decoder reads JSON straight into a message, without a tree in between.
type decoder struct {
	lexer
	path []string // of the field being read, for errors
}

func unmarshalJSON(data []byte, m proto.Message) error {
	proto.Reset(m)
	d := &decoder{lexer: lexer{data: data}}
	if err := d.message(m.ProtoReflect()); err != nil {
		return d.locate(err)
	}
	if d.skipSpace(); d.at < len(d.data) {
		return fmt.Errorf("at byte %d: there is more after the end of the message", d.at)
	}
	return proto.CheckInitialized(m)
}

func (d *decoder) locate(err error) error {
	if len(d.path) == 0 {
		return fmt.Errorf("at byte %d: %w", d.at, err)
	}
	return fmt.Errorf("field %s, at byte %d: %w", strings.Join(d.path, "."), d.at, err)
}

func (d *decoder) push(name protoreflect.Name) { d.path = append(d.path, string(name)) }
func (d *decoder) pop()                        { d.path = d.path[:len(d.path)-1] }

// message reads an object. Unknown names are skipped and null means unset.
func (d *decoder) message(m protoreflect.Message) error {
	fields := m.Descriptor().Fields()
	return d.object(func(name string) error {
		fd := fields.ByName(protoreflect.Name(name))
		if fd == nil {
			return d.skip()
		}
		d.push(fd.Name())
		if err := d.field(m, fd); err != nil {
			return err // the path stays, it says where
		}
		d.pop()
		return nil
	})
}

func (d *decoder) field(m protoreflect.Message, fd protoreflect.FieldDescriptor) error {
	m.Clear(fd) // of a name given twice the last one counts
	if d.null() {
		return nil
	}
	switch {
	case fd.IsList():
		return d.list(m.Mutable(fd).List(), fd)
	case fd.IsMap():
		return d.mapping(m.Mutable(fd).Map(), fd)
	case fd.Message() != nil:
		return d.message(m.Mutable(fd).Message())
	default:
		v, err := d.scalar(fd)
		if err == nil && v.IsValid() {
			m.Set(fd, v)
		}
		return err
	}
}

// list reads an array; anything else is a list of one element, as Mesos has it.
func (d *decoder) list(list protoreflect.List, fd protoreflect.FieldDescriptor) error {
	element := func() error {
		if d.null() {
			return nil
		}
		if fd.Message() != nil {
			return d.message(list.AppendMutable().Message())
		}
		v, err := d.scalar(fd)
		if err == nil && v.IsValid() {
			list.Append(v)
		}
		return err
	}
	if d.peek() != '[' {
		return element()
	}
	return d.array(element)
}

func (d *decoder) mapping(entries protoreflect.Map, fd protoreflect.FieldDescriptor) error {
	if fd.MapKey().Kind() != protoreflect.StringKind {
		return fmt.Errorf("maps with keys other than strings are not supported")
	}
	return d.object(func(name string) error {
		key := protoreflect.ValueOfString(name).MapKey()
		if d.null() {
			return nil
		}
		if fd.MapValue().Message() != nil {
			value := entries.NewValue()
			if err := d.message(value.Message()); err != nil {
				return err
			}
			entries.Set(key, value)
			return nil
		}
		v, err := d.scalar(fd.MapValue())
		if err == nil && v.IsValid() {
			entries.Set(key, v)
		}
		return err
	})
}
