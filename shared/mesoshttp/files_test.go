package mesoshttp_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/mesoshttp"
)

// sandbox makes a directory as a task may leave it, beside a secret that is not its own.
func sandbox(tb testing.TB) (files http.Handler, dir string) {
	tb.Helper()
	base := tb.TempDir()
	dir = filepath.Join(base, "box")
	for _, step := range []error{
		os.WriteFile(filepath.Join(base, "secret"), []byte("secret"), 0o600),
		os.MkdirAll(filepath.Join(dir, "sub"), 0o750),
		os.WriteFile(filepath.Join(dir, "stdout"), []byte("0123456789\n"), 0o640),
		os.WriteFile(filepath.Join(dir, "binary"), []byte("a\xff\"b"), 0o600),
		os.WriteFile(filepath.Join(dir, "large"), make([]byte, 100_000), 0o600),
		os.WriteFile(filepath.Join(dir, "page.html"), []byte("<script>"), 0o600),
		os.WriteFile(filepath.Join(dir, "sub", "deep"), []byte("deep"), 0o600),
		os.Symlink("../secret", filepath.Join(dir, "climb")),
		os.Symlink(filepath.Join(base, "secret"), filepath.Join(dir, "absolute")),
		os.Symlink("stdout", filepath.Join(dir, "inside")),
		os.Symlink("..", filepath.Join(dir, "up")),
		syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600),
	} {
		if step != nil {
			tb.Fatal(step)
		}
	}
	roots := map[string]string{
		"/frameworks/f/executors/e/runs/latest": dir,
		dir:                                     dir,
		"/slave/log":                            filepath.Join(dir, "stdout"),
		"/frameworks/f/executors/gone/runs/x":   filepath.Join(base, "gone"),
	}
	return mesoshttp.NewRouter("slave(1)", mesoshttp.Files{Roots: func() map[string]string { return roots }}.Routes()...), dir
}

func ask(tb testing.TB, files http.Handler, endpoint string, query ...string) *httptest.ResponseRecorder {
	tb.Helper()
	q := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		q.Set(query[i], query[i+1])
	}
	w := httptest.NewRecorder()
	files.ServeHTTP(w, httptest.NewRequestWithContext(tb.Context(), http.MethodGet, "/files/"+endpoint+"?"+q.Encode(), nil))
	return w
}

func TestRead(t *testing.T) {
	files, dir := sandbox(t)
	const latest = "/frameworks/f/executors/e/runs/latest"
	for name, test := range map[string]struct {
		query  []string
		status int
		want   string
	}{
		"size":             {[]string{"path", latest + "/stdout"}, 200, `{"offset":11,"data":""}`},
		"size by -1":       {[]string{"path", latest + "/stdout", "offset", "-1"}, 200, `{"offset":11,"data":""}`},
		"all":              {[]string{"path", latest + "/stdout", "offset", "0"}, 200, `{"offset":0,"data":"0123456789\n"}`},
		"all by -1":        {[]string{"path", latest + "/stdout", "offset", "0", "length", "-1"}, 200, `{"offset":0,"data":"0123456789\n"}`},
		"slice":            {[]string{"path", latest + "/stdout", "offset", "2", "length", "3"}, 200, `{"offset":2,"data":"234"}`},
		"none":             {[]string{"path", latest + "/stdout", "offset", "2", "length", "0"}, 200, `{"offset":2,"data":""}`},
		"behind the end":   {[]string{"path", latest + "/stdout", "offset", "99"}, 200, `{"offset":99,"data":""}`},
		"host path":        {[]string{"path", dir + "/stdout", "offset", "9"}, 200, `{"offset":9,"data":"9\n"}`},
		"root is a file":   {[]string{"path", "/slave/log", "offset", "9"}, 200, `{"offset":9,"data":"9\n"}`},
		"below a file":     {[]string{"path", "/slave/log/x", "offset", "9"}, 404, ``},
		"deep":             {[]string{"path", latest + "/sub/deep", "offset", "0"}, 200, `{"offset":0,"data":"deep"}`},
		"odd slashes":      {[]string{"path", latest + "//sub/./deep/", "offset", "0"}, 200, `{"offset":0,"data":"deep"}`},
		"no UTF-8":         {[]string{"path", latest + "/binary", "offset", "0"}, 200, "{\"offset\":0,\"data\":\"a\xff\\\"b\"}"},
		"link inside":      {[]string{"path", latest + "/inside", "offset", "9"}, 200, `{"offset":9,"data":"9\n"}`},
		"link outside":     {[]string{"path", latest + "/climb", "offset", "0"}, 404, ``},
		"absolute link":    {[]string{"path", latest + "/absolute", "offset", "0"}, 404, ``},
		"through a link":   {[]string{"path", latest + "/up/secret", "offset", "0"}, 404, ``},
		"climbing":         {[]string{"path", latest + "/../secret", "offset", "0"}, 404, ``},
		"pipe":             {[]string{"path", latest + "/pipe", "offset", "0"}, 400, `only regular files`},
		"directory":        {[]string{"path", latest + "/sub", "offset", "0"}, 400, `Cannot read a directory`},
		"unknown":          {[]string{"path", latest + "/nope", "offset", "0"}, 404, ``},
		"unknown root":     {[]string{"path", "/etc/passwd", "offset", "0"}, 404, ``},
		"root of the host": {[]string{"path", "/", "offset", "0"}, 404, ``},
		"vanished root":    {[]string{"path", "/frameworks/f/executors/gone/runs/x/stdout", "offset", "0"}, 404, ``},
		"no path":          {nil, 400, `Expecting 'path=value' in query`},
		"odd offset":       {[]string{"path", latest + "/stdout", "offset", "1x"}, 400, `Failed to parse offset`},
		"negative offset":  {[]string{"path", latest + "/stdout", "offset", "-2"}, 400, `Negative offset`},
		"odd length":       {[]string{"path", latest + "/stdout", "offset", "0", "length", "x"}, 400, `Failed to parse length`},
	} {
		t.Run(name, func(t *testing.T) {
			w := ask(t, files, "read", test.query...)
			if w.Code != test.status || test.status == 200 && w.Body.String() != test.want || !strings.Contains(w.Body.String(), test.want) {
				t.Errorf("got %d %q, want %d %q", w.Code, w.Body, test.status, test.want)
			}
			if test.status == 404 && w.Body.Len() > 0 {
				t.Errorf("a 404 says %q, and must be empty", w.Body)
			}
		})
	}
	var page struct{ Data string }
	w := ask(t, files, "read", "path", latest+"/large", "offset", "0", "length", "99999")
	if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || len(page.Data) != mesoshttp.MaxRead {
		t.Errorf("a page has %d characters, %v; want %d", len(page.Data), err, mesoshttp.MaxRead)
	}
}

func TestBrowse(t *testing.T) {
	files, dir := sandbox(t)
	if err := os.Chtimes(filepath.Join(dir, "stdout"), time.Time{}, time.Unix(1795395006, 0)); err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Path, Mode, UID, GID string
		Nlink, Size          int64
		Mtime                float64
	}
	w := ask(t, files, "browse", "path", "/frameworks/f/executors/e/runs/latest/")
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	modes := map[string]string{}
	for i, e := range list {
		modes[strings.TrimPrefix(e.Path, "/frameworks/f/executors/e/runs/latest/")] = e.Mode
		if i > 0 && list[i-1].Path >= e.Path {
			t.Errorf("%s is not before %s", list[i-1].Path, e.Path)
		}
		if strings.HasSuffix(e.Path, "/stdout") && (e.Size != 11 || e.Nlink != 1 || e.Mtime != 1795395006 || e.UID == "" || e.GID == "") {
			t.Errorf("stdout is %+v", e)
		}
	}
	for name, want := range map[string]string{"stdout": "-rw-r-----", "sub": "drwxr-x---", "climb": "lrwxrwxrwx", "pipe": "prw-------"} {
		if modes[name] != want {
			t.Errorf("mode of %s is %q, want %q", name, modes[name], want)
		}
	}
	for path, want := range map[string]int{
		"": 400, "/": 404, "/nope": 404, "/frameworks/f/executors/e/runs/latest/stdout": 400,
		"/frameworks/f/executors/e/runs/latest/up": 404, "/frameworks/f/executors/e/runs/latest/sub": 200,
	} {
		if w := ask(t, files, "browse", "path", path); w.Code != want {
			t.Errorf("browse %q: got %d, want %d", path, w.Code, want)
		}
	}
}

func TestDownload(t *testing.T) {
	files, dir := sandbox(t)
	w := ask(t, files, "download", "path", dir+"/binary")
	if w.Code != 200 || w.Body.String() != "a\xff\"b" || w.Header().Get("Content-Type") != "application/octet-stream" ||
		w.Header().Get("Content-Disposition") != "attachment; filename=binary" {
		t.Errorf("got %d %q %v", w.Code, w.Body, w.Header())
	}
	if w := ask(t, files, "download", "path", dir+"/page.html"); w.Header().Get("X-Content-Type-Options") != "nosniff" ||
		!strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("a page comes with %v", w.Header())
	}
	for path, want := range map[string]int{dir: 400, dir + "/pipe": 400, dir + "/nope": 404, dir + "/climb": 404} {
		if w := ask(t, files, "download", "path", path); w.Code != want {
			t.Errorf("download %s: got %d, want %d", path, w.Code, want)
		}
	}
}

func TestDebug(t *testing.T) {
	files, dir := sandbox(t)
	var roots map[string]string
	if err := json.Unmarshal(ask(t, files, "debug").Body.Bytes(), &roots); err != nil {
		t.Fatal(err)
	}
	if roots["/frameworks/f/executors/e/runs/latest"] != dir || len(roots) != 4 {
		t.Errorf("got %v", roots)
	}
}

// FuzzFileQueries: whatever is asked, nothing outside the sandbox comes out, and no answer is our own fault.
func FuzzFileQueries(f *testing.F) {
	files, dir := sandbox(f)
	for _, seed := range []string{"", "/", dir + "/../secret", dir + "/up/secret", dir + "/climb", "/slave/log", dir + "/\x00", dir + "/sub"} {
		f.Add(seed, "0", "10")
	}
	f.Fuzz(func(t *testing.T, path, offset, length string) {
		for _, endpoint := range []string{"read", "browse", "download"} {
			w := ask(t, files, endpoint, "path", path, "offset", offset, "length", length)
			if w.Code >= 500 || strings.Contains(w.Body.String(), "secret") && endpoint != "browse" {
				t.Errorf("%s %q: got %d %q", endpoint, path, w.Code, w.Body)
			}
		}
	})
}
