// Package mesoshttp is what the HTTP edges of masters and agents share: how paths are routed, requests checked, bodies
// limited and answers negotiated, in the order and with the texts of Mesos (spec 1); the server without time-outs that its
// clients need; streams of events; and the /files endpoints. It owns no route of its own but /files and decides nothing
// about clusters. Start reading at Router, then ReadCall.
package mesoshttp
