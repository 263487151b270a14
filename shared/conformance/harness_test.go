package conformance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/localcluster"
)

// patience bounds every wait. It is long because the machine may be busy; what is waited for takes a second or less.
const patience = 90 * time.Second

// cluster is one master and one agent that all tests share: each is a framework of its own and leaves nothing behind.
var cluster *localcluster.Cluster

// agentArgs give the agent little, so that offers are the same everywhere.
var agentArgs = []string{
	"--resources=cpus:4;mem:2048;disk:4096;ports:[31000-31099]", "--attributes=rack:r1;weight:3;zone:[1-4]",
}

// TestMain is also the main function of the executor that the tests launch.
func TestMain(m *testing.M) {
	if os.Getenv("MESOS_EXECUTOR_ID") != "" && os.Getenv("CONFORMANCE_FORM") != "" {
		os.Exit(executorMain())
	}
	os.Exit(withCluster(m))
}

func withCluster(m *testing.M) int {
	bin, dir, err := prepare()
	if err != nil {
		fmt.Fprintln(os.Stderr, "build the programs:", err)
		return 1
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	cluster, err = localcluster.Start(ctx, localcluster.Options{
		Bin: bin, WorkDir: dir, Masters: 1, Agents: 1,
		MasterArgs: []string{"--log-dir=" + filepath.Join(dir, "logs"), "--cluster=conformance"},
		AgentArgs:  append([]string{"--log-dir=" + filepath.Join(dir, "logs")}, agentArgs...),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "start the cluster:", err)
		return 1
	}
	code := m.Run()
	end, cancelEnd := context.WithTimeout(context.Background(), patience)
	defer cancelEnd()
	if err := errors.Join(cluster.Stop(end), cluster.Clean(end)); err != nil {
		fmt.Fprintln(os.Stderr, "end the cluster:", err)
		code = 1
	}
	if code != 0 {
		fmt.Fprintln(os.Stderr, "logs are kept in", dir)
		return code
	}
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, "something of the cluster is still in use:", err)
		return 1
	}
	return 0
}

// prepare builds the programs, so that the tests run what the tree says, and makes the work dir.
func prepare() (bin, dir string, err error) {
	root, err := filepath.Abs("../..")
	if err != nil {
		return "", "", err
	}
	cmd := exec.Command("make", "-s", "-C", root, "build")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return "", "", err
	}
	dir, err = os.MkdirTemp("", "reeve-conformance-")
	return filepath.Join(root, "bin"), dir, err
}

func masterURL() string { return "http://" + cluster.Masters[0].Addresses.HTTP }
func agentURL() string  { return "http://" + cluster.Agents[0].Addresses.HTTP }

// needRoot skips a test of what only root's agents have, and says so.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: full containers")
	}
}

// forms are the two encodings; what a test does in one has to work in the other.
var forms = map[string]codec.Codec{"json": codec.JSON, "protobuf": codec.Protobuf}

// encode turns a call that is written as JSON into what goes over the wire. The JSON itself is sent as it stands.
func encode(t *testing.T, form codec.Codec, text string, m proto.Message) []byte {
	t.Helper()
	if form == codec.JSON {
		return []byte(text)
	}
	if err := codec.JSON.Unmarshal([]byte(text), m); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	data, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// await polls until check is content.
func await(t *testing.T, what string, check func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := cluster.Poll(ctx, func(context.Context) (bool, string) { return check(), what }); err != nil {
		t.Fatal(err)
	}
}
