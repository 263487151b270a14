package httpapi

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"codeberg.org/reeve/reeve/agentd/tasklog"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// The size of a piece of a log, in bytes.
const (
	defaultPiece = 64 << 10
	maxPiece     = 1 << 20
)

// log answers /reeve/v1/log?path=…: from an offset, from a moment, or from the oldest kept line.
func (a *api) log(w http.ResponseWriter, r *http.Request) {
	piece, err := a.readLog(r.URL.Query())
	if err != nil {
		mesoshttp.WriteAPIError(w, r, err)
		return
	}
	mesoshttp.WriteAPI(w, r, http.StatusOK, piece)
}

// logQuery is what is asked for.
type logQuery struct {
	offset int64 // -1 for none
	last   int64 // bytes from the end, -1 for none
	since  time.Time
	limit  int64
	times  bool
}

func parseLogQuery(q url.Values, now time.Time) (logQuery, error) {
	out := logQuery{offset: -1, last: -1, limit: defaultPiece}
	for name, into := range map[string]*int64{"offset": &out.offset, "last": &out.last, "limit": &out.limit} {
		if text := q.Get(name); text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || n < 0 {
				return out, fault.New(fault.Invalid, "%s is %q, and must be a number of bytes", name, text)
			}
			*into = n
		}
	}
	out.limit = min(out.limit, maxPiece)
	if text := q.Get("times"); text != "" {
		on, err := strconv.ParseBool(text)
		if err != nil {
			return out, fault.New(fault.Invalid, "times is %q, and must be true or false", text)
		}
		out.times = on
	}
	since := q.Get("since")
	if since == "" {
		return out, nil
	}
	if d, err := time.ParseDuration(since); err == nil && d >= 0 {
		out.since = now.Add(-d)
		return out, nil
	}
	at, err := time.Parse(time.RFC3339, since)
	if err != nil {
		return out, fault.New(fault.Invalid, "since is %q, and must be a duration such as 5m, or a time such as 2026-01-02T15:04:05Z", since)
	}
	out.since = at
	return out, nil
}

func (a *api) readLog(values url.Values) (*reeveapi.Log, error) {
	q, err := parseLogQuery(values, time.Now())
	if err != nil {
		return nil, err
	}
	virtual := values.Get("path")
	file, size, err := a.files.Open(virtual)
	if fault.KindOf(err) == fault.NotFound {
		return nil, fault.New(fault.NotFound, "there is no file %s", virtual)
	}
	if err != nil {
		return nil, err
	}
	piece, err := a.pieceOf(file, size, virtual, q)
	return piece, errors.Join(err, file.Close())
}

func (a *api) pieceOf(file *os.File, size int64, virtual string, q logQuery) (*reeveapi.Log, error) {
	start, err := tasklog.Start(file)
	if err != nil {
		return nil, err
	}
	piece := &reeveapi.Log{Start: start, Size: size, Offset: start}
	switch {
	case !q.since.IsZero():
		index, ierr := a.indexOf(virtual)
		if ierr == nil {
			piece.Offset, ierr = tasklog.Since(file, index, start, q.since)
		}
		err = ierr
	case q.last >= 0:
		piece.Offset, err = tasklog.LineAt(file, start, max(size-q.last, start))
	case q.offset >= 0:
		piece.Offset = min(max(q.offset, start), size) // what was dropped meanwhile is told by offset
	}
	if err != nil {
		return nil, err
	}
	piece.Data = make([]byte, min(q.limit, max(size-piece.Offset, 0)))
	n, err := file.ReadAt(piece.Data, piece.Offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	piece.Data = piece.Data[:n]
	if q.times {
		piece.Times, err = a.timesOf(virtual, piece.Offset)
	}
	return piece, err
}

// timesOf is when what lies from an offset on was written.
func (a *api) timesOf(virtual string, offset int64) ([]reeveapi.LogTime, error) {
	index, err := a.indexOf(virtual)
	if err != nil {
		return nil, err
	}
	var times []reeveapi.LogTime
	for _, e := range index {
		if e.Size > offset && len(times) < reeveapi.LogTimes {
			times = append(times, reeveapi.LogTime{At: e.At, Below: e.Size})
		}
	}
	return times, nil
}

// indexOf is what is known of when a file was written.
func (a *api) indexOf(virtual string) ([]tasklog.Entry, error) {
	dir, name, err := a.files.Locate(virtual)
	if err != nil || name == "." {
		return nil, err // a file that is its own root is no task's
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	index, err := tasklog.ReadIndex(root, name)
	return index, errors.Join(err, root.Close())
}
