package mesoshttp

import (
	"context"
	"net/http"
	"time"

	"codeberg.org/reeve/reeve/shared/mesosjson"
	"codeberg.org/reeve/reeve/shared/mesostime"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/metrics"
)

// MetricsSnapshot answers /metrics/snapshot, with ?timeout= without what is not known by then (spec 7.5).
func MetricsSnapshot(w http.ResponseWriter, r *http.Request, set *metrics.Set) {
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
	out.FloatMap(set.Snapshot(ctx))
	WriteDocument(w, r, &out)
}

// MetricsWithin is the snapshot for GET_METRICS, whose timeout may be missing.
func MetricsWithin(ctx context.Context, set *metrics.Set, timeout *mesosv1.DurationInfo) map[string]float64 {
	if timeout == nil {
		return set.Snapshot(ctx)
	}
	limited, cancel := context.WithTimeout(ctx, time.Duration(timeout.GetNanoseconds()))
	defer cancel()
	return set.Snapshot(limited)
}
