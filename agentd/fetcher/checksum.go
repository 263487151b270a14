package fetcher

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"hash"
	"io"
	"net/url"
	"strings"

	"codeberg.org/reeve/reeve/shared/fault"
)

// checksum is what a URI's fragment asks of what it leads to: "#sha256=<hex>" or "#sha512=<hex>". Mesos has none; there the
// fragment is ignored, as servers never see it. nil asks for nothing.
type checksum struct {
	name string
	want []byte
	hash hash.Hash
}

// checksumOf reads a URI's fragment. One that does not name an algorithm is none of ours.
func checksumOf(u *url.URL) (*checksum, error) {
	name, text, ok := strings.Cut(u.Fragment, "=")
	if !ok {
		return nil, nil
	}
	c := &checksum{name: strings.ToLower(name)}
	switch c.name {
	case "sha256":
		c.hash = sha256.New()
	case "sha512":
		c.hash = sha512.New()
	case "md5", "sha1":
		return nil, fault.New(fault.Unsupported, "its checksum is %s, which proves nothing; use #sha256= or #sha512=", name)
	default:
		return nil, nil
	}
	var err error
	if c.want, err = hex.DecodeString(text); err != nil || len(c.want) != c.hash.Size() {
		return nil, fault.New(fault.Invalid, "its checksum #%s=%s is not a %s in hexadecimal, which has %d digits", name, text, c.name, 2*c.hash.Size())
	}
	return c, nil
}

// beside returns a writer that writes to w and adds to the sum.
func (c *checksum) beside(w io.Writer) io.Writer {
	if c == nil {
		return w
	}
	return io.MultiWriter(w, c.hash)
}

// check says whether what was written is what was asked for.
func (c *checksum) check() error {
	if c == nil {
		return nil
	}
	if got := c.hash.Sum(nil); subtle.ConstantTimeCompare(got, c.want) != 1 {
		return fault.New(fault.Invalid, "it is not what was asked for: its %s is %x, and the URI says %x", c.name, got, c.want)
	}
	return nil
}
