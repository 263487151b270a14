package mesoshttp

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"mime"
	"net/http"
	"os"
	"os/user"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosjson"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// MaxRead is the most that one read returns, whatever was asked for (spec 7.4).
const MaxRead = 64 << 10

// Roots says which virtual paths exist: virtual path to the file or directory of the host. It is asked for each request
// and must not block for long.
type Roots func() map[string]string

// Files serves parts of the host's file system under virtual paths. Nothing outside a root is reached, whatever links a
// task puts into its sandbox, and nothing but regular files is opened for reading: a task could make a pipe of its
// stdout and leave the reader waiting for ever.
type Files struct{ Roots Roots }

// place is a virtual path resolved: a root of the host, and what is below it.
type place struct {
	root string
	rest string // "." for the root itself
}

// resolve finds the longest root that virtual is or lies below.
func (f Files) resolve(virtual string) (place, error) {
	if virtual == "" {
		return place{}, fault.New(fault.Invalid, "Expecting 'path=value' in query.\n")
	}
	clean := path.Clean("/" + virtual)
	roots := f.Roots()
	for at := clean; at != "/"; at = path.Dir(at) {
		if root, ok := roots[at]; ok {
			rest := strings.TrimPrefix(strings.TrimPrefix(clean, at), "/")
			return place{root: root, rest: cmp.Or(rest, ".")}, nil
		}
	}
	return place{}, errNoFile
}

// errNoFile has no text: Mesos's 404 of these endpoints has no body.
var errNoFile = &fault.Error{Kind: fault.NotFound}

// open opens what is at a place, without waiting for the other end of a pipe.
func (p place) open() (*os.File, fs.FileInfo, error) {
	file, err := p.openFile()
	if err != nil {
		return nil, nil, openError(err)
	}
	info, err := file.Stat()
	if err != nil {
		shut(file)
		return nil, nil, openError(err)
	}
	return file, info, nil
}

func (p place) openFile() (*os.File, error) {
	const flags = os.O_RDONLY | syscall.O_NONBLOCK
	if p.rest == "." {
		return os.OpenFile(p.root, flags, 0)
	}
	if info, err := os.Stat(p.root); err != nil || !info.IsDir() {
		return nil, cmp.Or(err, fs.ErrNotExist) // nothing is below a file
	}
	root, err := os.OpenRoot(p.root)
	if err != nil {
		return nil, err
	}
	file, err := root.OpenFile(filepath.FromSlash(p.rest), flags, 0)
	_ = root.Close() // the file has a descriptor of its own
	return file, err
}

func openError(err error) error {
	for _, nowhere := range []error{
		fs.ErrNotExist, fs.ErrInvalid, syscall.ENOTDIR, syscall.EINVAL, syscall.ENAMETOOLONG, syscall.ELOOP,
	} {
		if errors.Is(err, nowhere) {
			return errNoFile
		}
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fault.New(fault.Forbidden, "the agent may not read this file")
	case errors.Is(err, syscall.ENXIO):
		return fault.New(fault.Invalid, "only regular files can be read; this is a socket, a pipe or a device")
	}
	if strings.Contains(err.Error(), "escapes") { // os.Root has no error value for it
		return errNoFile
	}
	return fault.New(fault.Internal, "failed to open the file: %v", errors.Unwrap(err))
}

// shut closes what was only read: nothing can be lost.
func shut(file *os.File) { _ = file.Close() }

// Entry is one file of a directory.
type Entry struct {
	Path string // virtual
	Info fs.FileInfo
}

// maxEntries bounds a listing: a task may fill its sandbox with millions of files.
const maxEntries = 100_000

// List returns what is in a directory, by name.
func (f Files) List(virtual string) ([]Entry, error) {
	at, err := f.resolve(virtual)
	if err != nil {
		return nil, err
	}
	dir, info, err := at.open()
	if err != nil {
		return nil, err
	}
	defer shut(dir)
	if !info.IsDir() {
		return nil, fault.New(fault.Invalid, "%s is a file; read it, or list the directory that it is in", virtual)
	}
	entries, err := dir.ReadDir(maxEntries)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fault.New(fault.Internal, "failed to list the directory: %v", errors.Unwrap(err))
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	list := make([]Entry, 0, len(entries))
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue // it was removed since
		}
		list = append(list, Entry{Path: path.Join("/", virtual, e.Name()), Info: info})
	}
	return list, nil
}

// Read returns a slice of a file and the file's size. A negative length means as much as allowed.
func (f Files) Read(virtual string, offset, length int64) (data []byte, size int64, err error) {
	file, size, err := f.regular(virtual)
	if err != nil {
		return nil, 0, err
	}
	defer shut(file)
	if length < 0 || length > MaxRead {
		length = MaxRead
	}
	length = max(0, min(length, size-offset))
	data = make([]byte, length)
	n, err := file.ReadAt(data, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, fault.New(fault.Internal, "failed to read the file: %v", errors.Unwrap(err))
	}
	return data[:n], size, nil
}

// ReadSlice is Read for READ_FILE, whose offset and optional length have no sign.
func (f Files) ReadSlice(virtual string, offset uint64, length *uint64) (data []byte, size uint64, err error) {
	n := int64(-1)
	if length != nil {
		n = int64(min(*length, MaxRead))
	}
	data, total, err := f.Read(virtual, int64(min(offset, math.MaxInt64)), n)
	return data, uint64(max(0, total)), err
}

// Open opens a regular file for reading, and tells its size.
func (f Files) Open(virtual string) (*os.File, int64, error) { return f.regular(virtual) }

// Locate says where a virtual path is on the host: in which root, and where below it, "." for the root itself.
func (f Files) Locate(virtual string) (root, rest string, err error) {
	at, err := f.resolve(virtual)
	return at.root, at.rest, err
}

// regular opens a regular file.
func (f Files) regular(virtual string) (*os.File, int64, error) {
	at, err := f.resolve(virtual)
	if err != nil {
		return nil, 0, err
	}
	file, info, err := at.open()
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		shut(file)
		if info.IsDir() {
			return nil, 0, fault.New(fault.Invalid, "Cannot read a directory.\n")
		}
		return nil, 0, fault.New(fault.Invalid, "only regular files can be read; this is a socket, a pipe or a device")
	}
	return file, info.Size(), nil
}

// Routes returns the /files endpoints.
func (f Files) Routes() []Route {
	get := []string{http.MethodGet, http.MethodHead}
	return []Route{
		{Path: "/files/browse", Handler: f.browse, Methods: get, Separate: true},
		{Path: "/files/read", Handler: f.read, Methods: get, Separate: true},
		{Path: "/files/download", Handler: f.download, Methods: get, Separate: true},
		{Path: "/files/debug", Handler: f.debug, Methods: get, Separate: true},
	}
}

func (f Files) browse(w http.ResponseWriter, r *http.Request) {
	entries, err := f.List(r.URL.Query().Get("path"))
	if err != nil {
		WriteError(w, r, err)
		return
	}
	var out mesosjson.Writer
	out.OpenList()
	for _, e := range entries {
		writeEntry(&out, e)
	}
	out.CloseList()
	WriteDocument(w, r, &out)
}

func writeEntry(out *mesosjson.Writer, e Entry) {
	stat := statOf(e.Info)
	out.Open()
	out.TextField("path", e.Path)
	out.IntField("nlink", int64(stat.nlink))
	out.IntField("size", e.Info.Size())
	out.TimeField("mtime", e.Info.ModTime())
	out.TextField("mode", modeText(e.Info.Mode()))
	out.TextField("uid", stat.user)
	out.TextField("gid", stat.group)
	out.Close()
}

// Proto returns the entry as LIST_FILES has it.
func (e Entry) Proto() *mesosv1.FileInfo {
	stat := statOf(e.Info)
	return &mesosv1.FileInfo{
		Path:  new(e.Path),
		Nlink: new(int32(min(stat.nlink, 1<<31-1))),
		Size:  new(uint64(max(0, e.Info.Size()))),
		Mtime: &mesosv1.TimeInfo{Nanoseconds: new(e.Info.ModTime().UnixNano())},
		Mode:  new(stat.mode),
		Uid:   new(stat.user),
		Gid:   new(stat.group),
	}
}

type stat struct {
	nlink       uint64
	mode        uint32
	user, group string
}

// statOf reads what only the system's own record has; names fall back to numbers.
func statOf(info fs.FileInfo) stat {
	sys, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return stat{nlink: 1, mode: uint32(info.Mode().Perm())}
	}
	s := stat{
		nlink: wide(sys.Nlink),
		mode:  sys.Mode,
		user:  strconv.FormatUint(uint64(sys.Uid), 10),
		group: strconv.FormatUint(uint64(sys.Gid), 10),
	}
	if u, err := user.LookupId(s.user); err == nil {
		s.user = u.Username
	}
	if g, err := user.LookupGroupId(s.group); err == nil {
		s.group = g.Name
	}
	return s
}

// wide is a number whose size differs from one architecture to another.
func wide[T uint32 | uint64](n T) uint64 { return uint64(n) }

// modeText writes a mode like ls: ten characters.
func modeText(mode fs.FileMode) string {
	kind := byte('-')
	switch {
	case mode.IsDir():
		kind = 'd'
	case mode&fs.ModeSymlink != 0:
		kind = 'l'
	case mode&fs.ModeCharDevice != 0:
		kind = 'c'
	case mode&fs.ModeDevice != 0:
		kind = 'b'
	case mode&fs.ModeNamedPipe != 0:
		kind = 'p'
	case mode&fs.ModeSocket != 0:
		kind = 's'
	}
	return string(kind) + mode.Perm().String()[1:]
}

// read answers a slice of a file; without an offset, or with -1, only the file's size, which is how pagers find its end
// (spec 8, pitfall 27).
func (f Files) read(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	offset, err := number(q.Get("offset"), "offset")
	length, lerr := number(q.Get("length"), "length")
	if err = cmp.Or(err, lerr); err != nil {
		WriteError(w, r, err)
		return
	}
	data, size, err := f.Read(q.Get("path"), max(0, offset), length)
	if err != nil {
		WriteError(w, r, err)
		return
	}
	if offset == -1 {
		offset, data = size, nil
	}
	var out mesosjson.Writer
	out.Open()
	out.IntField("offset", offset)
	out.TextField("data", string(data))
	out.Close()
	WriteDocument(w, r, &out)
}

// number reads a query value that is absent, -1 or a count.
func number(text, name string) (int64, error) {
	if text == "" {
		return -1, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fault.New(fault.Invalid, "Failed to parse %s: %q is not a whole number.\n", name, text)
	}
	if n < -1 {
		return 0, fault.New(fault.Invalid, "Negative %s provided: %d.\n", name, n)
	}
	return n, nil
}

func (f Files) download(w http.ResponseWriter, r *http.Request) {
	virtual := r.URL.Query().Get("path")
	file, size, err := f.regular(virtual)
	if err != nil {
		WriteError(w, r, err)
		return
	}
	defer shut(file)
	begin := dataStart(file, size)
	name := path.Base(path.Clean("/" + virtual))
	h := w.Header()
	h.Set("Content-Type", cmp.Or(mime.TypeByExtension(path.Ext(name)), "application/octet-stream"))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("X-Content-Type-Options", "nosniff") // a task chose the name: its page must not run in the operator's browser
	http.ServeContent(w, r, "", time.Time{}, io.NewSectionReader(file, begin, size-begin))
}

// dataStart is where a file's contents begin. A log that is kept in bounds has a hole where its oldest part was, which can be
// many times as large as what is left.
func dataStart(file *os.File, size int64) int64 {
	at, err := file.Seek(0, unix.SEEK_DATA)
	if err != nil || at > size { // no holes on this file system, or nothing but one
		return 0
	}
	return at
}

func (f Files) debug(w http.ResponseWriter, r *http.Request) {
	roots := f.Roots()
	var out mesosjson.Writer
	out.Open()
	for _, virtual := range slices.Sorted(maps.Keys(roots)) {
		out.TextField(virtual, roots[virtual])
	}
	out.Close()
	WriteDocument(w, r, &out)
}

// WriteDocument answers a legacy GET with what a writer holds.
func WriteDocument(w http.ResponseWriter, r *http.Request, out *mesosjson.Writer) {
	body, err := out.Bytes()
	if err != nil {
		WriteText(w, r, http.StatusInternalServerError, fmt.Sprintf("failed to encode the answer: %v", err))
		return
	}
	WriteJSON(w, r, body)
}
