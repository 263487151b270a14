// Package agentlink is the protocol between agents and the leading master: messages and the gRPC service, generated from
// agentlink.proto, which holds the rules of compatibility. It has no logic: masterd/agentlink serves it, agentd/masterlink
// dials it. Start reading at agentlink.proto.
package agentlink
