package jobs

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/masterd/deadlines"
	"codeberg.org/reeve/reeve/masterd/livejob"
	"codeberg.org/reeve/reeve/masterd/placement"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/masterd/secretbook"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// FrameworkID is the id of the built-in framework in every cluster.
const FrameworkID ids.Framework = "reeve-jobs"

// Config is what a State is told once.
type Config struct {
	FrameworkID ids.Framework         // default FrameworkID
	User        string                // tasks run as it unless the job says otherwise; default root
	Hostname    string                // of this master
	Opens       func(key string) bool // whether this master can open what is sealed with a key; nil: nothing but what is in clear
}

const (
	resubscribeAfter = 30 * time.Second // after the cluster refused the framework
	lookAroundEvery  = 10 * time.Minute // for tasks that nobody here knows
)

// State is the machine of one term.
type State struct {
	cfg     Config
	now     time.Time
	effects []Effect

	jobs     map[ids.Job]*livejob.Job
	busy     map[ids.Job]bool   // names whose first record or removal is being stored
	roles    map[string]*role   // of unfinished jobs
	tasks    map[string]ref     // by task id: current attempts
	leavers  map[string]*leaver // by task id: tasks that are to end beside their successors
	hosts    map[string]known   // by agent id: what offers told of agents
	draining map[string]bool    // agent ids, and whether it was said that nothing is left there
	secrets  *secretbook.Book
	images   map[string]map[string]bool // by agent id: what it has, as it said last
	spare    bool                       // there are agents without GPUs, as far as the newest offers tell
	touched  map[ids.Job]bool           // to be looked at at the end of the turn
	timers   deadlines.Heap[timer]

	subscribed bool
	told       map[string]bool // the cluster's roles, and whether each is suppressed
	asks       []*scheduler.Call_Reconcile_Task

	writes   map[uint64]func(error) // what waits for Persisted
	token    uint64
	dirty    map[ids.Job]bool
	settled  []settled // ends that go with the next write
	launches []launch  // launches that do
	writing  bool      // they are on their way to the registry
	nextSave time.Time // not before, unless launches wait

	retrySave time.Time // nor before that, after a failure
}

// ref points to an instance.
type ref struct {
	job   *livejob.Job
	index int
}

// timer is a key of the deadlines: what an instance waits for is told by its phase.
type timer struct {
	job   ids.Job
	index int
	what  int
	task  string // of a leaver
}

// The kinds of timers.
const (
	forInstance = iota
	forLeaver
	forLook // at a whole job, as the next three
	forSchedule
	forDeadline
	forSaving // as the others below of no job
	forSubscribing
	forLookingAround
)

// New builds the machine of a term from the jobs and secrets that the registry holds.
func New(cfg Config, stored *registry.State, now time.Time) *State {
	cfg.FrameworkID = cmp.Or(cfg.FrameworkID, FrameworkID)
	cfg.User = cmp.Or(cfg.User, "root")
	s := &State{
		cfg:      cfg,
		now:      now,
		jobs:     map[ids.Job]*livejob.Job{},
		busy:     map[ids.Job]bool{},
		roles:    map[string]*role{},
		tasks:    map[string]ref{},
		leavers:  map[string]*leaver{},
		hosts:    map[string]known{},
		draining: map[string]bool{},
		touched:  map[ids.Job]bool{},
		told:     map[string]bool{},
		writes:   map[uint64]func(error){},
		dirty:    map[ids.Job]bool{},
		secrets:  secretbook.New(stored.Secrets, cfg.Opens),
		images:   map[string]map[string]bool{},
	}
	records := slices.SortedFunc(maps.Values(stored.Jobs), func(a, b reeveapi.Job) int {
		return cmp.Or(a.Submitted.Compare(b.Submitted), cmp.Compare(a.Spec.Name, b.Spec.Name))
	})
	for _, record := range records {
		s.restore(record)
	}
	return s
}

// Start subscribes the framework. Call it once, before Step.
func (s *State) Start(now time.Time) []Effect {
	s.now = now
	s.subscribe()
	return s.end()
}

// Step takes one input and returns what follows from it.
func (s *State) Step(now time.Time, in Input) []Effect {
	s.now = now
	switch in := in.(type) {
	case Event:
		s.event(in.Event)
	case Submit:
		s.submit(in)
	case Update:
		s.update(in)
	case Scale:
		s.scale(in)
	case Restart:
		s.restart(in)
	case Rollback:
		s.rollback(in)
	case Trigger:
		s.trigger(in)
	case Draining:
		s.drain(in)
	case SetSecret:
		s.setSecret(in)
	case RemoveSecret:
		s.removeSecret(in)
	case Images:
		s.noteImages(in)
	case Stop:
		s.stop(in)
	case Remove:
		s.remove(in)
	case Persisted:
		if done := s.writes[in.Token]; done != nil {
			delete(s.writes, in.Token)
			done(in.Err)
		}
	case Tick:
	}
	s.wake()
	return s.end()
}

// end does what is done once a turn, however much has changed in it.
func (s *State) end() []Effect {
	s.lookAtTouched()
	s.sayLeft()
	s.askAll()
	s.tellRoles()
	s.save()
	out := s.effects
	s.effects = nil
	return out
}

// Deadline says when Step wants a Tick, the zero time for never.
func (s *State) Deadline() time.Time { return s.timers.Next() }

// Jobs returns every job as it is now, by name. The values are never changed again: a job that changes is replaced.
func (s *State) Jobs() map[ids.Job]*reeveapi.Job {
	all := make(map[ids.Job]*reeveapi.Job, len(s.jobs))
	for name, j := range s.jobs {
		all[name] = s.publish(j)
	}
	return all
}

// Job returns one job as it is now, nil if there is none of that name.
func (s *State) Job(name ids.Job) *reeveapi.Job {
	j, ok := s.jobs[name]
	if !ok {
		return nil
	}
	return s.publish(j)
}

// Heard is the agents that made a job an offer which did not hold an instance, since the cluster was last asked for some.
func (s *State) Heard(name ids.Job) map[string]placement.Shortage {
	if j := s.jobs[name]; j != nil {
		return j.Refused
	}
	return nil
}

// wake runs the timers that are due.
func (s *State) wake() {
	for {
		t, ok := s.timers.Pop(s.now)
		if !ok {
			return
		}
		switch t.what {
		case forSaving: // save looks at the time itself
		case forSubscribing:
			s.subscribe()
		case forLookingAround:
			s.lookAround()
		case forLeaver:
			s.leaverTime(t.task)
		default:
			if j := s.jobs[t.job]; j != nil {
				s.jobTime(j, t)
			}
		}
	}
}

// jobTime runs a timer of a job or of one of its instances.
func (s *State) jobTime(j *livejob.Job, t timer) {
	switch t.what {
	case forLook:
		s.touch(j)
	case forSchedule:
		s.due(j)
	case forDeadline:
		s.expire(j)
	default:
		if t.index < len(j.Instances) {
			s.timeCame(j, t.index)
		}
	}
}

// lookAtTouched looks at every job that has changed in the turn. A look may touch the job again: what follows then is done
// in the same turn.
func (s *State) lookAtTouched() {
	for rounds := 0; len(s.touched) > 0 && rounds < 3; rounds++ {
		names := sortedKeys(s.touched)
		clear(s.touched)
		for _, name := range names {
			if j := s.jobs[name]; j != nil {
				s.look(j)
			}
		}
	}
}

// event takes an event of the stream. RESCIND needs no answer: an ACCEPT that comes too late is answered with TASK_DROPPED.
func (s *State) event(e *scheduler.Event) {
	switch e.GetType() {
	case scheduler.Event_SUBSCRIBED:
		s.subscribedAgain()
	case scheduler.Event_OFFERS:
		s.place(e.GetOffers().GetOffers())
	case scheduler.Event_UPDATE:
		s.said(e.GetUpdate().GetStatus())
	case scheduler.Event_ERROR:
		s.refused(e.GetError().GetMessage())
	default: // nothing that concerns jobs
	}
}

func (s *State) effect(e Effect) { s.effects = append(s.effects, e) }

func (s *State) happened(kind string, j *livejob.Job, text, who string) {
	s.effect(Happened{reeveapi.Event{
		At: s.now, Kind: kind, Subject: j.Record.Spec.Name, ID: j.Record.Spec.Name, Text: text, Who: who,
	}})
}
