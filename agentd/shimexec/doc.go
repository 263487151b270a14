// Package shimexec is agentd's end of a shim's exec socket: further processes in a container, each with a connection that is its
// life, and the terminal of a container's own command. It finds no shim and knows no client: who connects is agentd/shimclient.
// Start reading at Start.
package shimexec
