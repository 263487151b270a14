package layer

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/imagetest"
)

func needRoot(tb testing.TB) {
	tb.Helper()
	if os.Geteuid() != 0 {
		tb.Skip("gives files away and marks deleted ones as overlayfs does, which needs root")
	}
}

func compressed(tb testing.TB, kind string, data []byte) []byte {
	tb.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	switch kind {
	case "gzip":
		w = gzip.NewWriter(&out)
	case "zstd":
		z, err := zstd.NewWriter(&out)
		if err != nil {
			tb.Fatal(err)
		}
		w = z
	default:
		return data
	}
	if _, err := w.Write(data); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// Whatever a layer is compressed with, its files come out as they are in it, and its digest is that of the plain stream.
func TestUnpack(t *testing.T) {
	needRoot(t)
	const capability = "\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" // CAP_NET_BIND_SERVICE
	tool := imagetest.Entry{Name: "bin/tool", Body: "tool", Mode: 0o4755, UID: 12, GID: 34, Xattrs: map[string]string{"user.mark": "x", "security.capability": capability}}
	same := tool
	same.Name, same.Body, same.Hard = "bin/same", "", "bin/tool"
	data := imagetest.Tar(t,
		imagetest.Entry{Name: "bin/"},
		tool,
		same,
		imagetest.Entry{Name: "bin/link", Link: "/etc/passwd"},
		imagetest.Entry{Name: "fifo", Type: tar.TypeFifo},
		imagetest.Entry{Name: "sticky/", Mode: 0o1777, UID: 7},
		imagetest.Entry{Name: "deep/without/parents", Body: "x"},
		imagetest.Entry{Name: "old/.wh.file"},
		imagetest.Entry{Name: "full/"},
		imagetest.Entry{Name: "full/.wh..wh..opq"},
		imagetest.Entry{Name: "/absolute", Body: "a"},
	)
	sum := sha256.Sum256(data)
	for _, kind := range []string{"plain", "gzip", "zstd"} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			got, err := Unpack(t.Context(), bytes.NewReader(compressed(t, kind, data)), dir)
			if err != nil {
				t.Fatal(err)
			}
			if got.DiffID != "sha256:"+hex.EncodeToString(sum[:]) || got.Bytes != int64(len(data)) {
				t.Errorf("got %+v, want %x and %d", got, sum, len(data))
			}
			checkUnpacked(t, dir)
		})
	}
}

func checkUnpacked(t *testing.T, dir string) {
	t.Helper()
	stat := func(name string) (os.FileInfo, *syscall.Stat_t) {
		info, err := os.Lstat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		st, _ := info.Sys().(*syscall.Stat_t)
		return info, st
	}
	tool, st := stat("bin/tool")
	if tool.Mode() != 0o755|os.ModeSetuid || st.Uid != 12 || st.Gid != 34 {
		t.Errorf("tool is %v of %d:%d", tool.Mode(), st.Uid, st.Gid)
	}
	if _, same := stat("bin/same"); same.Ino != st.Ino {
		t.Error("a hard link is a file of its own")
	}
	value := make([]byte, 64)
	for _, name := range []string{"user.mark", "security.capability"} {
		if _, err := unix.Lgetxattr(filepath.Join(dir, "bin/tool"), name, value); err != nil {
			t.Errorf("attribute %s: %v", name, err)
		}
	}
	if to, err := os.Readlink(filepath.Join(dir, "bin/link")); err != nil || to != "/etc/passwd" {
		t.Errorf("link leads to %q, %v", to, err)
	}
	if info, _ := stat("fifo"); info.Mode()&os.ModeNamedPipe == 0 {
		t.Errorf("fifo is %v", info.Mode())
	}
	if info, owner := stat("sticky"); info.Mode().Perm() != 0o777 || info.Mode()&os.ModeSticky == 0 || owner.Uid != 7 {
		t.Errorf("sticky is %v of %d", info.Mode(), owner.Uid)
	}
	if info, white := stat("old/file"); info.Mode()&os.ModeCharDevice == 0 || white.Rdev != 0 {
		t.Errorf("what is deleted is %v, device %d; overlayfs wants 0/0", info.Mode(), white.Rdev)
	}
	if n, err := unix.Lgetxattr(filepath.Join(dir, "full"), "trusted.overlay.opaque", value); err != nil || string(value[:n]) != "y" {
		t.Errorf("an opaque directory is not: %q, %v", value[:max(n, 0)], err)
	}
	stat("absolute")
	stat("deep/without/parents")
}

// Nothing in a layer leads out of its directory, by whatever means: it is refused, or it ends up inside.
func TestUnpackStaysInside(t *testing.T) {
	needRoot(t)
	for name, entries := range map[string][]imagetest.Entry{
		"dots":              {{Name: "../out", Body: "x"}},
		"dots in between":   {{Name: "a/"}, {Name: "a/../../out", Body: "x"}},
		"absolute link":     {{Name: "l", Link: "OUTSIDE"}, {Name: "l/out", Body: "x"}},
		"relative link":     {{Name: "l", Link: "../.."}, {Name: "l/out", Body: "x"}},
		"link to a file":    {{Name: "l", Link: "OUTSIDE/victim"}, {Name: "l", Body: "x"}},
		"chain of links":    {{Name: "a", Link: ".."}, {Name: "b", Link: "a/.."}, {Name: "b/out", Body: "x"}},
		"hard link":         {{Name: "l", Hard: "OUTSIDE/victim"}, {Name: "l", Body: "x"}},
		"hard link dots":    {{Name: "l", Hard: "../victim"}},
		"hard link by link": {{Name: "d", Link: "OUTSIDE"}, {Name: "l", Hard: "d/victim"}},
		"whiteout":          {{Name: "l", Link: "OUTSIDE"}, {Name: "l/.wh.victim"}},
		"opaque":            {{Name: "l", Link: "OUTSIDE"}, {Name: "l/.wh..wh..opq"}},
		"whiteout of dots":  {{Name: "a/"}, {Name: "a/.wh..."}},
		"directory":         {{Name: "l", Link: "OUTSIDE"}, {Name: "l/", Mode: 0o777}},
	} {
		t.Run(name, func(t *testing.T) {
			base := t.TempDir()
			inside, outside := filepath.Join(base, "in", "side"), filepath.Join(base, "outside")
			for _, dir := range []string{inside, outside} {
				if err := os.MkdirAll(dir, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			victim := filepath.Join(outside, "victim")
			if err := os.WriteFile(victim, []byte("unharmed"), 0o600); err != nil {
				t.Fatal(err)
			}
			for i := range entries {
				entries[i].Link = strings.ReplaceAll(entries[i].Link, "OUTSIDE", outside)
				entries[i].Hard = strings.ReplaceAll(entries[i].Hard, "OUTSIDE", outside)
			}
			_, err := Unpack(t.Context(), bytes.NewReader(imagetest.Tar(t, entries...)), inside)
			t.Logf("unpack: %v", err)
			var st unix.Stat_t
			if serr := unix.Lstat(victim, &st); serr != nil || st.Nlink != 1 || st.Size != 8 || st.Mode&0o777 != 0o600 {
				t.Errorf("the file outside was touched: %v, %+v", serr, st)
			}
			for dir, want := range map[string]int{base: 2, filepath.Dir(inside): 1, outside: 1} {
				if list, err := os.ReadDir(dir); err != nil || len(list) != want {
					t.Errorf("%s holds %v, %v", dir, list, err)
				}
			}
			if info, err := os.Stat(outside); err != nil || info.Mode().Perm() != 0o755 {
				t.Errorf("the directory outside is %v, %v", info.Mode(), err)
			}
		})
	}
}

// What is wrong with a layer is told apart from what is wrong with the way it comes.
func TestUnpackFailures(t *testing.T) {
	needRoot(t)
	data := imagetest.Tar(t, imagetest.Entry{Name: "file", Body: strings.Repeat("x", 1<<20)})
	zipped := compressed(t, "gzip", data)
	broken := errors.New("the wire broke")
	flipped := bytes.Clone(zipped)
	flipped[len(flipped)/2] ^= 0xff
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range map[string]struct {
		ctx  func() context.Context
		in   io.Reader
		want func(error) bool
	}{
		"wire":      {t.Context, io.MultiReader(bytes.NewReader(zipped[:len(zipped)/2]), &failing{broken}), func(err error) bool { return errors.Is(err, broken) }},
		"cancelled": {func() context.Context { return cancelled }, bytes.NewReader(zipped), func(err error) bool { return errors.Is(err, context.Canceled) }},
		"flipped":   {t.Context, bytes.NewReader(flipped), invalid},
		"cut":       {t.Context, bytes.NewReader(zipped[:len(zipped)/2]), invalid},
		"no tar":    {t.Context, strings.NewReader(strings.Repeat("nonsense", 200)), invalid},
		"unknown":   {t.Context, bytes.NewReader(imagetest.Tar(t, imagetest.Entry{Name: "x", Type: 'Z'})), invalid},
		"no name":   {t.Context, bytes.NewReader(imagetest.Tar(t, imagetest.Entry{Name: "a/.wh."})), invalid},
		"bad zstd":  {t.Context, strings.NewReader("\x28\xb5\x2f\xfdnonsense"), invalid},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Unpack(test.ctx(), test.in, t.TempDir()); err == nil || !test.want(err) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v (%v)", err, fault.KindOf(err))
			}
		})
	}
}

func invalid(err error) bool { return fault.KindOf(err) == fault.Invalid }

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

// A disk that is full is said to be so, before the agent has no room left itself.
func TestUnpackWithoutRoom(t *testing.T) {
	needRoot(t)
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=96m"); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}()
	big := imagetest.Entry{Body: strings.Repeat("x", 20<<20)}
	var entries []imagetest.Entry
	for _, name := range []string{"a", "b", "c", "d"} {
		big.Name = name
		entries = append(entries, big)
	}
	_, err := Unpack(t.Context(), bytes.NewReader(imagetest.Tar(t, entries...)), dir)
	if fault.KindOf(err) != fault.Exhausted || !strings.Contains(err.Error(), "no space is left") {
		t.Errorf("got %v", err)
	}
	if free, err := Free(dir); err != nil || free < minFree-lookEvery-1<<20 {
		t.Errorf("%d MB are left, %v", free>>20, err)
	}
}

// A file that is nearly all hole, terabytes of it in a few bytes, does not fill the disk.
func TestUnpackHoles(t *testing.T) {
	needRoot(t)
	for name, size := range map[string]string{"far too large": "1000000000000000", "larger than the disk leaves": "80000000"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=128m"); err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := unix.Unmount(dir, 0); err != nil {
					t.Error(err)
				}
			}()
			_, err := Unpack(t.Context(), bytes.NewReader(sparse(t, size)), dir)
			if fault.KindOf(err) != fault.Exhausted {
				t.Errorf("got %v", err)
			}
		})
	}
}

// sparse is a tar stream with a file that has a size and no data, as GNU tar writes it.
func sparse(t *testing.T, size string) []byte {
	t.Helper()
	data := imagetest.Tar(t, imagetest.Entry{Name: "hole"})
	records := map[string]string{"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.name": "hole", "GNU.sparse.size": size, "GNU.sparse.numblocks": "1", "GNU.sparse.map": size + ",0"}
	var pax strings.Builder
	for key, value := range records {
		line := " " + key + "=" + value + "\n"
		n := len(line) + 2
		if n > 99 {
			n++
		}
		fmt.Fprintf(&pax, "%d%s", n, line)
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	if err := w.WriteHeader(&tar.Header{Typeflag: 'x', Name: "PaxHeaders/hole", Size: int64(pax.Len()), Format: tar.FormatUSTAR}); err == nil {
		t.Fatal("the library writes such headers itself now: use it")
	}
	header := bytes.Clone(data[:512])
	copy(header[124:136], fmt.Sprintf("%011o\x00", pax.Len()))
	header[156] = 'x'
	copy(header[148:156], "        ")
	sum := 0
	for _, b := range header {
		sum += int(b)
	}
	copy(header[148:156], fmt.Sprintf("%06o\x00 ", sum))
	body := make([]byte, (pax.Len()+511)/512*512)
	copy(body, pax.String())
	return append(append(header, body...), data...)
}

// stack makes directories of layers, the topmost first.
func stack(tb testing.TB, layers ...[]imagetest.Entry) []string {
	tb.Helper()
	var dirs []string
	for _, entries := range layers {
		dir := tb.TempDir()
		if _, err := Unpack(tb.Context(), bytes.NewReader(imagetest.Tar(tb, entries...)), dir); err != nil {
			tb.Fatal(err)
		}
		dirs = append([]string{dir}, dirs...)
	}
	return dirs
}

// Open sees what overlayfs would show.
func TestOpen(t *testing.T) {
	needRoot(t)
	dirs := stack(t,
		[]imagetest.Entry{
			{Name: "etc/"},
			{Name: "etc/passwd", Body: "low"},
			{Name: "etc/group", Body: "low"},
			{Name: "etc/shadow", Body: "low"},
			{Name: "gone/"},
			{Name: "gone/file", Body: "low"},
			{Name: "full/"},
			{Name: "full/sub/"},
			{Name: "full/sub/file", Body: "low"},
			{Name: "real/"},
			{Name: "real/file", Body: "linked"},
		},
		[]imagetest.Entry{
			{Name: "etc/"},
			{Name: "etc/passwd", Body: "top"},
			{Name: "etc/.wh.shadow"},
			{Name: ".wh.gone"},
			{Name: "full/"},
			{Name: "full/.wh..wh..opq"},
			{Name: "dir", Link: "/real"},
			{Name: "rel", Link: "../../real/../dir/file"},
			{Name: "loop", Link: "loop"},
			{Name: "out", Link: "/../../../../etc/hostname"},
		},
	)
	for name, want := range map[string]string{
		"etc/passwd": "top", "/etc/group": "low", "etc/shadow": "", "gone/file": "", "full/sub/file": "", "full/none": "", "dir/file": "linked", "rel": "linked",
		"loop": "", "out": "", "etc": "", "none/none": "", "etc/passwd/x": "",
	} {
		f, err := Open(dirs, name)
		if (err == nil) != (want != "") {
			t.Errorf("%s: %v, want %q", name, err, want)
			continue
		}
		if err != nil {
			continue
		}
		data, err := io.ReadAll(f)
		if err = errors.Join(err, f.Close()); err != nil || string(data) != want {
			t.Errorf("%s: got %q, %v, want %q", name, data, err, want)
		}
	}
}

func TestLookup(t *testing.T) {
	needRoot(t)
	dirs := stack(t, []imagetest.Entry{
		{Name: "etc/passwd", Body: "root:x:0:0::/root:/bin/sh\nweb:x:33:34::/srv:/bin/sh\n"}, {Name: "etc/group", Body: "web:x:34:\nlog:x:35:web\n"},
	})
	bare := stack(t, []imagetest.Entry{{Name: "x", Body: "x"}})
	for _, test := range []struct {
		dirs     []string
		name     string
		uid, gid int
		groups   int
		home     string
		ok       bool
	}{
		{dirs, "web", 33, 34, 2, "/srv", true},
		{dirs, "33", 33, 34, 2, "/srv", true},
		{dirs, "web:log", 33, 35, 1, "/srv", true},
		{dirs, "1000:1001", 1000, 1001, 0, "/", true},
		{dirs, "nobody", 0, 0, 0, "", false},
		{bare, "1000", 1000, 0, 0, "/", true},
		{bare, "web", 0, 0, 0, "", false},
	} {
		got, err := Lookup(test.dirs, test.name)
		if (err == nil) != test.ok || err != nil && fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if err == nil && (got.UID != test.uid || got.GID != test.gid || got.Home != test.home) {
			t.Errorf("%s: got %+v", test.name, got)
		}
	}
}

// Whatever bytes a layer has, unpacking them ends without harm to what lies beside.
func FuzzUnpack(f *testing.F) {
	f.Add(imagetest.Tar(f, imagetest.Entry{Name: "a/"}, imagetest.Entry{Name: "a/b", Body: "x"}, imagetest.Entry{Name: "a/.wh.c"}))
	f.Add(imagetest.Tar(f, imagetest.Entry{Name: "l", Link: "../.."}, imagetest.Entry{Name: "l/x", Body: "x"}, imagetest.Entry{Name: "h", Hard: "l/../x"}))
	f.Add(imagetest.Tar(f, imagetest.Entry{Name: "d/"}, imagetest.Entry{Name: "d/.wh..wh..opq"}, imagetest.Entry{Name: "p", Type: tar.TypeFifo}))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		base := t.TempDir()
		dir := filepath.Join(base, "a", "b")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		_, _ = Unpack(t.Context(), bytes.NewReader(data), dir) // any outcome is fine inside
		for at, want := range map[string]int{base: 1, filepath.Join(base, "a"): 1} {
			if list, err := os.ReadDir(at); err != nil || len(list) != want {
				t.Errorf("%s holds %v, %v", at, list, err)
			}
		}
		if err := unix.Access(dir, unix.W_OK); err != nil {
			t.Error(err)
		}
	})
}
