package fake

import (
	"bytes"
	"context"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// LogTimes reads the time that each line of a log here begins with.
func (c *Cluster) LogTimes(_ context.Context, _, at string, offset int64) ([]reeveapi.LogTime, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	data, ok := c.logs[at]
	if c.cut != nil {
		return nil, c.cut
	}
	if !ok {
		return nil, fault.New(fault.NotFound, "there is no file %s", at)
	}
	day := time.Date(c.now.Year(), c.now.Month(), c.now.Day(), 0, 0, 0, 0, time.UTC)
	var out []reeveapi.LogTime
	below := int64(0)
	for line := range bytes.Lines(data) {
		below += int64(len(line))
		clock, _, _ := bytes.Cut(line, []byte(" "))
		t, err := time.Parse("15:04:05.000", string(clock))
		if err != nil || below <= offset || len(out) >= reeveapi.LogTimes {
			continue
		}
		out = append(out, reeveapi.LogTime{At: day.Add(t.Sub(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC))).Add(time.Second).Truncate(time.Second), Below: below})
	}
	return out, nil
}
