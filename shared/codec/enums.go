package codec

import "google.golang.org/protobuf/reflect/protoreflect"

// dropUnknownEnums clears enum fields with a value that has no name, and reports whether there were any. A newer client
// may send such values. Mesos's protobuf library sorts them out as it reads, so that the field is unset, and a missing
// required field fails the message; Go's keeps the number, which would then reach clients that can't read it.
func dropUnknownEnums(m protoreflect.Message) (dropped bool) {
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case fd.IsMap():
			if fd.MapValue().Message() != nil {
				v.Map().Range(func(_ protoreflect.MapKey, value protoreflect.Value) bool {
					dropped = dropUnknownEnums(value.Message()) || dropped
					return true
				})
			}
		case fd.IsList():
			dropped = dropFromList(fd, v.List()) || dropped
		case fd.Message() != nil:
			dropped = dropUnknownEnums(v.Message()) || dropped
		case fd.Enum() != nil && fd.Enum().Values().ByNumber(v.Enum()) == nil:
			m.Clear(fd)
			dropped = true
		}
		return true
	})
	return dropped
}

func dropFromList(fd protoreflect.FieldDescriptor, list protoreflect.List) (dropped bool) {
	switch {
	case fd.Message() != nil:
		for i := range list.Len() {
			dropped = dropUnknownEnums(list.Get(i).Message()) || dropped
		}
	case fd.Enum() != nil:
		kept := 0
		for i := range list.Len() {
			if value := list.Get(i); fd.Enum().Values().ByNumber(value.Enum()) != nil {
				list.Set(kept, value)
				kept++
			}
		}
		dropped = kept < list.Len()
		list.Truncate(kept)
	}
	return dropped
}
