package reeveapi

// Watch is one line of GET /reeve/v1/watch, a stream of JSON lines. The first line has Snapshot true and holds
// everything; each later one holds what changed since the line before: whole objects, but of a task that only went on with
// its life no more than that. There are at most ten lines a second, one while very much changes. Every 5 seconds at the latest a line comes, empty if nothing changed: a reader that hears nothing for longer has lost the
// stream. A stream whose leader steps down ends; the reader asks again, and starts from a snapshot.
type Watch struct {
	Snapshot bool     `json:"snapshot,omitempty"`
	Version  uint64   `json:"version"`
	Cluster  *Cluster `json:"cluster,omitempty"`

	Agents        []Agent  `json:"agents,omitempty"`
	AgentsRemoved []string `json:"agents_removed,omitempty"` // ids

	Frameworks        []Framework `json:"frameworks,omitempty"` // completed ones included
	FrameworksRemoved []string    `json:"frameworks_removed,omitempty"`

	Tasks        []Task     `json:"tasks,omitempty"`         // ended ones that are still remembered included
	TasksMoved   []TaskMove `json:"tasks_moved,omitempty"`   // of tasks that an earlier line told whole; none of those in Tasks or TasksRemoved
	TasksRemoved []string   `json:"tasks_removed,omitempty"` // "framework/task"

	Jobs        []Job    `json:"jobs,omitempty"`
	JobsRemoved []string `json:"jobs_removed,omitempty"`

	Roles        []Role   `json:"roles,omitempty"` // roles and offers are looked at once a second
	RolesRemoved []string `json:"roles_removed,omitempty"`

	Offers        []Offer  `json:"offers,omitempty"`
	OffersRemoved []string `json:"offers_removed,omitempty"`

	Events []Event `json:"events,omitempty"` // in a snapshot the newest 200

	Brief   *Brief  `json:"brief,omitempty"` // only with ?brief=1, and until package shorthand has made the line whole
	Numbers Numbers `json:"-"`
}
