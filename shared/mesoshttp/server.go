package mesoshttp

import (
	"context"
	"log/slog"
	"net"
	"net/http"

	"codeberg.org/reeve/reeve/shared/logkey"
)

// maxHeaderBytes bounds request headers. Mesos's are a few hundred bytes; browsers and proxies add some.
const maxHeaderBytes = 64 << 10

// NewServer returns a server that never gives up on a connection. Schedulers and executors open a stream and a second
// connection for calls, and leave both silent for days; whoever closes either has disconnected them (spec 8, pitfall 1).
// Not even the time for the first header is limited: the call connection is opened at once and its first call may come
// hours later. TCP keep-alive finds the peers that are gone.
func NewServer(handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:        handler,
		MaxHeaderBytes: maxHeaderBytes,
		ErrorLog:       slog.NewLogLogger(logger.With(logkey.Source("http")).Handler(), slog.LevelDebug),
	}
}

// Serve runs a server on a listener until ctx ends, then closes every connection at once: streams have no natural end to
// wait for, and whoever serves has told them to stop before.
func Serve(ctx context.Context, server *http.Server, listener net.Listener) error {
	stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // fails only for sockets that are closed already
	defer stop()
	err := server.Serve(listener)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
