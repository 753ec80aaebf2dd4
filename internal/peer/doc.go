// Package peer is the native viewer: it asks the server where a stream is, joins the stream's swarm through the
// tracker, trades slices with other viewers over WebRTC, and hands out what it plays as FLV.
//
// Open makes a Viewer. One goroutine of its own drives the engine (package internal/swarm), carries out what the
// engine asks for, and feeds the timeline that readers read from; everything else (links, requests to the server,
// the tracker) reports to that goroutine. Close ends all of them before it returns.
//
// Viewers that share a Node share connections to peers: who begins another track opens a channel for it over the connections
// that there are (node.go, branch.go; docs/wire.md, "Branches").
//
// All methods of Viewer are safe to call concurrently. Its transport is package webrtclink, its way to the server
// package edgeclient, its names of events those of flash.net.NetStream (NetStatusEvent in the ActionScript 3
// reference).
package peer
