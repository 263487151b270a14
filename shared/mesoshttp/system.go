package mesoshttp

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"

	"codeberg.org/reeve/reeve/shared/mesosjson"
)

// SystemGauges are the metrics of the host that both daemons show (spec 7.5). What cannot be read is absent.
func SystemGauges(context.Context) map[string]float64 {
	g := map[string]float64{"system/cpus_total": float64(runtime.NumCPU())}
	for name, value := range systemStats() {
		g["system/"+strings.Replace(name, "avg_load_", "load_", 1)] = value
	}
	return g
}

// systemStats reads load and memory by the names of /system/stats.json.
func systemStats() map[string]float64 {
	stats := map[string]float64{}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		for i, field := range bytes.Fields(text) {
			if load, err := strconv.ParseFloat(string(field), 64); err == nil && i < 3 {
				stats["avg_load_"+[...]string{"1min", "5min", "15min"}[i]] = load
			}
		}
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			name := map[string]string{"MemTotal:": "mem_total_bytes", "MemFree:": "mem_free_bytes"}[fields[0]]
			if kb, err := strconv.ParseFloat(fields[1], 64); err == nil && name != "" {
				stats[name] = kb * 1024
			}
		}
	}
	return stats
}

// SystemStats answers /system/stats.json.
func SystemStats(w http.ResponseWriter, r *http.Request) {
	var out mesosjson.Writer
	out.Open()
	out.IntField("cpus_total", int64(runtime.NumCPU()))
	for name, value := range systemStats() {
		if strings.HasPrefix(name, "mem_") {
			out.IntField(name, int64(value))
		} else {
			out.FloatField(name, value)
		}
	}
	out.Close()
	WriteDocument(w, r, &out)
}
