package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/agent"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// EndOfFile as an offset asks ReadFile for nothing but the size.
const EndOfFile = -1

// Usage asks an agent, "host:port", for the newest figures of its host and all its tasks, and for older ones as far back
// as history, which may be 0.
func (c *Client) Usage(ctx context.Context, agentHTTP string, history time.Duration) (*reeveapi.Usage, error) {
	query := url.Values{}
	if history > 0 {
		query.Set("history", history.String())
	}
	return c.usage(ctx, agentHTTP, query)
}

// TaskUsage is Usage for one task only.
func (c *Client) TaskUsage(ctx context.Context, agentHTTP, framework, task string, history time.Duration) (*reeveapi.Usage, error) {
	query := url.Values{"task": {framework + "/" + task}}
	if history > 0 {
		query.Set("history", history.String())
	}
	return c.usage(ctx, agentHTTP, query)
}

func (c *Client) usage(ctx context.Context, agentHTTP string, query url.Values) (*reeveapi.Usage, error) {
	path := base + "/usage"
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	answer, err := c.askFor(ctx, agentHTTP, request{method: http.MethodGet, path: path})
	if err != nil {
		return nil, err
	}
	return decode[*reeveapi.Usage](answer)
}

// HostDetail asks an agent for a close look at its host and at itself.
func (c *Client) HostDetail(ctx context.Context, agentHTTP string) (*reeveapi.HostDetail, error) {
	answer, err := c.askFor(ctx, agentHTTP, request{method: http.MethodGet, path: base + "/host"})
	if err != nil {
		return nil, err
	}
	return decode[*reeveapi.HostDetail](answer)
}

// ContainerDetail asks an agent for a close look at the container of a task that runs there.
func (c *Client) ContainerDetail(ctx context.Context, agentHTTP, framework, task string) (*reeveapi.ContainerDetail, error) {
	query := url.Values{"task": {framework + "/" + task}}
	answer, err := c.askFor(ctx, agentHTTP, request{method: http.MethodGet, path: base + "/container?" + query.Encode()})
	if err != nil {
		return nil, err
	}
	return decode[*reeveapi.ContainerDetail](answer)
}

// ReadFile reads up to length bytes of a file below a sandbox, which may be fewer than there are: the agent has a limit of
// its own. size is the size of the file. With EndOfFile as the offset it reads nothing.
func (c *Client) ReadFile(ctx context.Context, agentHTTP, path string, offset int64, length int) (data []byte, size int64, err error) {
	if offset == EndOfFile {
		offset, length = 0, 0
	}
	if offset < 0 || length < 0 {
		return nil, 0, fault.New(fault.Invalid, "can't read %d bytes at %d: neither may be negative", length, offset)
	}
	response, err := c.AgentCall(ctx, agentHTTP, &agent.Call{
		Type:     agent.Call_READ_FILE.Enum(),
		ReadFile: &agent.Call_ReadFile{Path: &path, Offset: new(uint64(offset)), Length: new(uint64(length))},
	})
	if err != nil {
		return nil, 0, err
	}
	if size = int64(response.GetReadFile().GetSize()); size < 0 { // #nosec G115 -- checked
		return nil, 0, fault.New(fault.Internal, "agent %s says that %s has %d bytes", agentHTTP, path, uint64(size))
	}
	return response.GetReadFile().GetData(), size, nil
}

// ListFiles lists a directory of a sandbox.
func (c *Client) ListFiles(ctx context.Context, agentHTTP, path string) ([]*mesosv1.FileInfo, error) {
	response, err := c.AgentCall(ctx, agentHTTP, &agent.Call{
		Type: agent.Call_LIST_FILES.Enum(), ListFiles: &agent.Call_ListFiles{Path: &path},
	})
	if err != nil {
		return nil, err
	}
	return response.GetListFiles().GetFileInfos(), nil
}

// Download copies a whole file of a sandbox to out and returns how much that was.
func (c *Client) Download(ctx context.Context, agentHTTP, path string, out io.Writer) (int64, error) {
	answer, err := c.ask(ctx, agentHTTP, request{
		method: http.MethodGet, path: "/files/download?" + url.Values{"path": {path}}.Encode(),
	})
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }() // nothing was written
	count, err := io.Copy(out, answer.Body)
	if err != nil {
		return count, fault.Wrap(fault.Unavailable, err, "%s broke off after %s bytes", path, strconv.FormatInt(count, 10))
	}
	return count, nil
}

// ReadDaemonLog reads up to length bytes of the log that a masterd or agentd keeps of itself, and tells its size; the path is
// /master/log or /slave/log. With EndOfFile as the offset it reads nothing. Any master answers for itself, not only the leader.
func (c *Client) ReadDaemonLog(ctx context.Context, peerHTTP, path string, offset int64, length int) (data []byte, size int64, err error) {
	size, _, err = c.readFile(ctx, peerHTTP, url.Values{"path": {path}, "offset": {"-1"}})
	if err != nil || offset == EndOfFile || offset >= size {
		return nil, size, err
	}
	query := url.Values{"path": {path}, "offset": {strconv.FormatInt(offset, 10)}, "length": {strconv.Itoa(length)}}
	_, text, err := c.readFile(ctx, peerHTTP, query)
	return []byte(text), max(size, offset+int64(len(text))), err
}

// readFile asks the endpoint that browsers use: it is the same of both daemons.
func (c *Client) readFile(ctx context.Context, peer string, query url.Values) (offset int64, text string, err error) {
	answer, err := c.askFor(ctx, peer, request{method: http.MethodGet, path: "/files/read?" + query.Encode()})
	if err != nil {
		return 0, "", err
	}
	piece, err := decode[struct {
		Offset int64  `json:"offset"`
		Data   string `json:"data"`
	}](answer)
	return piece.Offset, piece.Data, err
}
