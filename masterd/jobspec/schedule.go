package jobspec

import (
	"time"
	_ "time/tzdata" // hosts without zoneinfo know the time zones too

	"github.com/robfig/cron/v3"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Timetable says when a periodic job is due.
type Timetable struct {
	cron cron.Schedule
	zone *time.Location
}

// ParseSchedule reads a schedule. Its error is of kind Invalid.
func ParseSchedule(s reeveapi.JobSchedule) (Timetable, error) {
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil || s.TimeZone == "Local" { // the masters' own zones may differ
		return Timetable{}, invalid("schedule.time_zone %q is not known; write it as Europe/Berlin, or UTC", s.TimeZone)
	}
	parsed, err := parseCron(s.Cron)
	if err != nil {
		return Timetable{}, invalid("schedule.cron %q cannot be read: %v; write minute hour day month weekday, such as 0 4 * * *", s.Cron, err)
	}
	table := Timetable{cron: parsed, zone: zone}
	if table.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, zone)).IsZero() {
		return Timetable{}, invalid("schedule.cron %q names no date that there is", s.Cron)
	}
	return table, nil
}

// parseCron keeps the time zone out of the expression: it has a field of its own.
func parseCron(text string) (cron.Schedule, error) {
	parser := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)
	if len(text) > 3 && (text[:3] == "TZ=" || len(text) > 8 && text[:8] == "CRON_TZ=") {
		return nil, invalid("the time zone belongs into time_zone")
	}
	return parser.Parse(text)
}

// Next is the first time after another at which the job is due, the zero time if there is none within five years.
func (t Timetable) Next(after time.Time) time.Time { return t.cron.Next(after.In(t.zone)) }
