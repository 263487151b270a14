package feed

import (
	"context"
	"time"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Source is the cluster as the console needs it: shared/client, or the fake. All methods may be called by any goroutine
// and end when their context does.
type Source interface {
	// Watch calls line for each line of the stream until the stream ends, and says why it did; line must not keep what it
	// is given beyond what it points to, which is its own.
	Watch(ctx context.Context, line func(*reeveapi.Watch) error) error
	// Usage asks the agent at an address for its newest samples, and for older ones as far back as history.
	Usage(ctx context.Context, agentHTTP string, history time.Duration) (*reeveapi.Usage, error)
	// TaskUsage is Usage for one task only, and its host.
	TaskUsage(ctx context.Context, agentHTTP, framework, task string, history time.Duration) (*reeveapi.Usage, error)
	// HostDetail asks the agent at an address for a close look at its host and at itself.
	HostDetail(ctx context.Context, agentHTTP string) (*reeveapi.HostDetail, error)
	// ContainerDetail asks it for a close look at the container of a task that runs there.
	ContainerDetail(ctx context.Context, agentHTTP, framework, task string) (*reeveapi.ContainerDetail, error)
	// ReadFile reads up to length bytes of a file of a sandbox, perhaps fewer, and tells the file's size. With offset -1 it
	// reads nothing.
	ReadFile(ctx context.Context, agentHTTP, path string, offset int64, length int) (data []byte, size int64, err error)
	// ListFiles lists a directory of a sandbox.
	ListFiles(ctx context.Context, agentHTTP, path string) ([]*mesosv1.FileInfo, error)
	// LogSince is the offset from which on a log was written in the time before now, and its size.
	LogSince(ctx context.Context, agentHTTP, path string, ago time.Duration) (offset, size int64, err error)
	// LogStart is the offset of the oldest line that is kept of a log.
	LogStart(ctx context.Context, agentHTTP, path string) (int64, error)
	// LogTimes is when what a log holds from an offset on was written, as far as that is known.
	LogTimes(ctx context.Context, agentHTTP, path string, offset int64) ([]reeveapi.LogTime, error)
	// ReadDaemonLog is ReadFile for the log that a master or an agent at an address keeps of itself.
	ReadDaemonLog(ctx context.Context, peerHTTP, path string, offset int64, length int) (data []byte, size int64, err error)
	SubmitJob(ctx context.Context, spec reeveapi.JobSpec) (*reeveapi.Job, error)
	StopJob(ctx context.Context, name string) error
	UpdateJob(ctx context.Context, spec reeveapi.JobSpec, version int) (*reeveapi.Job, error)
	ScaleJob(ctx context.Context, name string, version, instances int) (*reeveapi.Job, error)
	RestartJob(ctx context.Context, name string, version int) (*reeveapi.Job, error)
	RollbackJob(ctx context.Context, name string, version, to int) (*reeveapi.Job, error)
	TriggerJob(ctx context.Context, name string) (*reeveapi.Job, error)
	KillTask(ctx context.Context, framework, task string, grace time.Duration) error
	Teardown(ctx context.Context, framework string) error
	DrainAgent(ctx context.Context, agent string, maxGrace time.Duration, markGone bool) error
	DeactivateAgent(ctx context.Context, agent string) error
	ReactivateAgent(ctx context.Context, agent string) error
	MarkAgentGone(ctx context.Context, agent string) error
	RescindOffer(ctx context.Context, offer string) error
	// MasterFigures is what the master at an address measures of itself; of its samples those younger than since.
	MasterFigures(ctx context.Context, masterHTTP string, since time.Time) (*reeveapi.MasterFigures, error)
	// Members are who takes part in gossip, as the master that answers sees it.
	Members(ctx context.Context) ([]reeveapi.Member, error)
	StepDown(ctx context.Context, to string) (*reeveapi.SteppedDown, error)
	SetQuota(ctx context.Context, q reeveapi.Quota) error
	RemoveQuota(ctx context.Context, role string) error
	SetWeight(ctx context.Context, w reeveapi.Weight) error
	// Secrets is what is known of all secrets but their values.
	Secrets(ctx context.Context) ([]reeveapi.Secret, error)
	SetSecret(ctx context.Context, name string, value []byte) (*reeveapi.Secret, error)
	RemoveSecret(ctx context.Context, name string) error
	// Maintenance is the schedule of maintenance.
	Maintenance(ctx context.Context) (reeveapi.Maintenance, error)
	ChangeMaintenance(ctx context.Context, step string, asked reeveapi.MaintenanceRequest) error
	// Master is the address that answered last, or the first that will be tried.
	Master() string
	// Tried is what masters said that were asked last and did not serve.
	Tried() []client.Tried
}
