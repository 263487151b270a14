package record

import (
	"time"

	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// The constructors of entries; each writes one line where it is saved.

// NewAgent says who we are.
func NewAgent(info *mesosv1.AgentInfo) *Entry {
	return &Entry{Entry: &Entry_Agent{Agent: &Agent{Info: info}}}
}

// NewFramework is a framework with something on this host.
func NewFramework(info *mesosv1.FrameworkInfo) *Entry {
	return &Entry{Entry: &Entry_Framework{Framework: &Framework{Info: info}}}
}

// NewFrameworkRemoved makes a framework a memory; ended says that a master called it over.
func NewFrameworkRemoved(framework string, ended bool) *Entry {
	return &Entry{Entry: &Entry_FrameworkRemoved{FrameworkRemoved: &FrameworkRemoved{FrameworkId: framework, Ended: ended}}}
}

// NewExecutor is the intent to run a container.
func NewExecutor(e *Executor) *Entry { return &Entry{Entry: &Entry_Executor{Executor: e}} }

// NewExecutorRemoved makes an executor a memory.
func NewExecutorRemoved(framework, executor string) *Entry {
	return &Entry{Entry: &Entry_ExecutorRemoved{ExecutorRemoved: &ExecutorRemoved{FrameworkId: framework, ExecutorId: executor}}}
}

// NewSubscribed says that an executor has been on the API.
func NewSubscribed(framework, executor string) *Entry {
	return &Entry{Entry: &Entry_Subscribed{Subscribed: &Subscribed{FrameworkId: framework, ExecutorId: executor}}}
}

// NewStopping is the intent to end a container.
func NewStopping(s *Stopping) *Entry { return &Entry{Entry: &Entry_Stopping{Stopping: s}} }

// NewDrain is the master's order to end every task, or its end.
func NewDrain(d *Drain) *Entry { return &Entry{Entry: &Entry_Drain{Drain: d}} }

// NewTask is a task of an executor.
func NewTask(t *Task) *Entry { return &Entry{Entry: &Entry_Task{Task: t}} }

// NewUpdate is a status update on its way.
func NewUpdate(framework string, status *mesosv1.TaskStatus) *Entry {
	return &Entry{Entry: &Entry_Update{Update: &Update{FrameworkId: framework, Status: status}}}
}

// NewAcknowledged ends the way of one.
func NewAcknowledged(framework, task string, uuid []byte) *Entry {
	return &Entry{Entry: &Entry_Acknowledged{Acknowledged: &Acknowledged{FrameworkId: framework, TaskId: task, Uuid: uuid}}}
}

// NewHoldings is everything that operations have made of the agent's resources.
func NewHoldings(list []*mesosv1.Resource) *Entry {
	return &Entry{Entry: &Entry_Holdings{Holdings: &Holdings{Resources: list}}}
}

// NewOperation is an operation with the status that its framework has to be told.
func NewOperation(op *mesosv1.Operation) *Entry {
	return &Entry{Entry: &Entry_Operation{Operation: &Operation{Operation: op}}}
}

// NewOperationAcknowledged ends the way of one.
func NewOperationAcknowledged(uuid []byte) *Entry {
	return &Entry{Entry: &Entry_OperationAcknowledged{OperationAcknowledged: &OperationAcknowledged{Uuid: uuid}}}
}

// Nanos is 0 for the zero time, which as a time to kill at means now.
func Nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}
