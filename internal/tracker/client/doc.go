// Package client is a peer's connection to a WebTorrent WebSocket tracker: ours or anybody's. It announces the peer
// to the swarm of one info hash, hands its offers to the tracker and what the tracker relays to a Handler.
//
// A tracker that is away is no failure: the client connects again with growing pauses until its context ends, and
// tells nobody but the log, because peers that are connected need no tracker. On every connection it first announces
// without offers, so that others find the peer at once, and makes offers only when the tracker knows somebody else.
//
// All methods of Client are safe to call concurrently. The Handler's methods are called from Run's goroutines:
// Offers by one, all others, one after the other, by a second; they should not block.
//
// Protocol: package internal/tracker/message. Trackers differ in types and keys that they send: those are tolerated.
package client
