package mesoshttp

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/shared/mesosjson"
	"codeberg.org/reeve/reeve/shared/mesostime"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/metrics"
)

// Self is what a daemon can say of itself without a look at its work: its flags, its build and its metrics, as legacy
// documents and as the answers of the operator API.
type Self struct {
	Flags   map[string]string
	Build   *mesosv1.VersionInfo
	Metrics *metrics.Set
}

// FlagsDocument answers /flags.
func (s Self) FlagsDocument(w http.ResponseWriter, r *http.Request) {
	var out mesosjson.Writer
	out.Open()
	out.FlagsField(s.Flags)
	out.Close()
	WriteDocument(w, r, &out)
}

// FlagList is what GET_FLAGS answers, by name.
func (s Self) FlagList() []*mesosv1.Flag {
	var list []*mesosv1.Flag
	for _, name := range slices.Sorted(maps.Keys(s.Flags)) {
		list = append(list, &mesosv1.Flag{Name: new(mesosjson.FlagName(name)), Value: new(s.Flags[name])})
	}
	return list
}

// VersionDocument answers /version.
func (s Self) VersionDocument(w http.ResponseWriter, r *http.Request) {
	var out mesosjson.Writer
	out.Open()
	out.BuildFields(s.Build)
	out.Close()
	WriteDocument(w, r, &out)
}

// MetricsDocument answers /metrics/snapshot, with ?timeout= without what is not known by then (spec 7.5).
func (s Self) MetricsDocument(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if text := r.URL.Query().Get("timeout"); text != "" {
		patience, err := mesostime.Parse(text)
		if err != nil {
			WriteText(w, r, http.StatusBadRequest, "Invalid timeout: "+err.Error()+".\n")
			return
		}
		limited, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		ctx = limited
	}
	var out mesosjson.Writer
	out.FloatMap(s.Metrics.Snapshot(ctx))
	WriteDocument(w, r, &out)
}

// MetricList is what GET_METRICS answers, by name; the call's timeout may be missing.
func (s Self) MetricList(ctx context.Context, timeout *mesosv1.DurationInfo) []*mesosv1.Metric {
	if timeout != nil {
		limited, cancel := context.WithTimeout(ctx, time.Duration(timeout.GetNanoseconds()))
		defer cancel()
		ctx = limited
	}
	snapshot := s.Metrics.Snapshot(ctx)
	var list []*mesosv1.Metric
	for _, name := range slices.Sorted(maps.Keys(snapshot)) {
		list = append(list, &mesosv1.Metric{Name: new(name), Value: new(snapshot[name])})
	}
	return list
}
