package action

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Bounds of what is typed: the masters take no longer window, and a begin beyond that is a slip of the finger.
const (
	longest = 10 * 365 * 24 * time.Hour
	day     = 24 * time.Hour
)

// ParseBegin reads when a window begins: now (the zero time), "in 1h", or a time. One without a day is the next time that the clock shows it.
func ParseBegin(text string, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	if text == "now" {
		return time.Time{}, nil
	}
	if rest, ok := strings.CutPrefix(text, "in "); ok {
		d, err := span(rest)
		switch {
		case err != nil:
			return time.Time{}, err
		case d < 0 || d > longest:
			return time.Time{}, fmt.Errorf("in %s is not between now and in ten years", strings.TrimSpace(rest))
		}
		return now.Add(d).Truncate(time.Second), nil
	}
	local := now.Local()
	if at, err := time.ParseInLocation("15:04", text, local.Location()); err == nil {
		begin := time.Date(local.Year(), local.Month(), local.Day(), at.Hour(), at.Minute(), 0, 0, local.Location())
		if !begin.After(now) {
			begin = begin.AddDate(0, 0, 1)
		}
		return begin, nil
	}
	for _, form := range []string{"2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", time.RFC3339} {
		if at, err := time.ParseInLocation(form, text, local.Location()); err == nil {
			if at.Sub(now).Abs() > longest {
				return at, fmt.Errorf("%s is more than ten years away", text)
			}
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time; write now, in 1h, 22:00 or %s", text, local.Add(day).Format("2006-01-02 15:04"))
}

// ParseLength reads how long a window is; nothing means that nobody knows.
func ParseLength(text string) (*time.Duration, error) {
	if text = strings.TrimSpace(text); text == "" {
		return nil, nil
	}
	d, err := span(text)
	switch {
	case err != nil:
		return nil, err
	case d <= 0:
		return nil, fmt.Errorf("%s is not longer than nothing; leave it empty if nobody knows", text)
	case d > longest:
		return nil, fmt.Errorf("%s is more than ten years", text)
	}
	return &d, nil
}

// span reads 90m, 2h30m and, other than Go, days: 2d, 1d12h.
func span(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	days, rest, found := strings.Cut(text, "d")
	if !found {
		days, rest = "0", text
	}
	n, err := strconv.ParseUint(days, 10, 12)
	d := time.Duration(0)
	if err == nil && rest != "" {
		d, err = time.ParseDuration(rest)
	}
	if err != nil {
		return 0, fmt.Errorf("%q is no span of time; write such as 30m, 2h or 1d12h", text)
	}
	return time.Duration(n)*day + d, nil
}

// WriteSpan is what span reads as d, whose parts of a second are left out.
func WriteSpan(d time.Duration) string {
	d = d.Truncate(time.Second)
	text := d.String()
	if d != 0 && d%time.Minute == 0 {
		text = strings.TrimSuffix(text, "0s")
	}
	if d != 0 && d%time.Hour == 0 {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// Distance is how far a time is from now, in words.
func Distance(now, at time.Time) string {
	switch d := at.Sub(now).Round(time.Minute); {
	case d > 0:
		return "in " + WriteSpan(d)
	case d < 0:
		return WriteSpan(-d) + " ago"
	}
	return "now"
}
