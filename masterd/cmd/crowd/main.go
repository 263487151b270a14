// Command crowd serves a made-up cluster of any size through the edge of a real master, for make bench: it prints the
// address that it listens on and ends with its standard input.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/crowd"
	"codeberg.org/reeve/reeve/masterd/httpapi"
	"codeberg.org/reeve/reeve/masterd/mastersapi"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/metrics"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/run"
)

func main() {
	var o crowd.Options
	flag.IntVar(&o.Tasks, "tasks", 10_000, "how many tasks have not ended")
	flag.Float64Var(&o.PerSecond, "changes", 1000, "how many change a second")
	flag.Uint64Var(&o.Seed, "seed", 1, "for what is left to chance")
	flag.Parse()
	if err := serve(o); err != nil {
		fmt.Fprintln(os.Stderr, "crowd:", err)
		os.Exit(1)
	}
}

func serve(o crowd.Options) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := listener.Addr().(*net.TCPAddr)
	leader := &mesosv1.MasterInfo{
		Id: new("m"), Ip: proto.Uint32(16777343), Port: new(uint32(address.Port)),
		Pid: new("master@" + address.String()), Hostname: new("127.0.0.1"),
	}
	made, logger := crowd.New(o, time.Now()), slog.New(slog.DiscardHandler)
	handler := httpapi.New(httpapi.Config{
		Term: func() httpapi.Term { return made }, Info: func() *mesosv1.MasterInfo { return leader }, Leader: func() *mesosv1.MasterInfo { return leader },
		Peers: mastersapi.Config{Masters: func() []reeveapi.Master {
			return []reeveapi.Master{{Name: "crowd", State: reeveapi.MasterLeading, Voter: true, HTTP: address.String()}}
		}, Members: func() []reeveapi.Member { return nil }},
		Cluster: func() (string, string) { return "crowd", "crowd" }, Name: "crowd", Started: time.Now(), Metrics: metrics.New(), Logger: logger,
	})
	group := run.NewGroup(context.Background())
	group.Go("wait for the end of the input", func(context.Context) error {
		_, err := io.Copy(io.Discard, os.Stdin)
		group.Stop()
		return err
	})
	group.Go("serve", func(ctx context.Context) error {
		return mesoshttp.Serve(ctx, mesoshttp.NewServer(handler, logger), listener)
	})
	fmt.Println(address)
	return group.Wait()
}
