package superp2p

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/peer"
)

// DefaultServer is the server of a Config without one: a superp2p on the same machine.
const DefaultServer = "http://127.0.0.1:8080"

// Config says how a P2PNetStream works, whatever it plays.
type Config struct {
	// Server is the URL of the superp2p server, http(s)://host[:port][/path]. If empty, DefaultServer.
	Server string
	// StartTimeout limits the time from Play until there is something to read; then the play fails. If zero, 10 s.
	StartTimeout time.Duration
	// Unpaced reads files as fast as they come, for who records them, and not at the pace of a player.
	Unpaced bool
	// StallTimeout limits how long nothing may arrive in the middle of a play before it fails. If zero, 20 s.
	StallTimeout time.Duration
	// NoUpload takes from peers and gives them nothing: on mobile data, say.
	NoUpload bool
	// NoPeers takes everything from the server.
	NoPeers bool
	// UploadRate limits what peers are given, in bytes a second. If zero, it is not limited.
	UploadRate float64
	// Memory limits what each play holds for peers and for playing, in bytes. If zero, 64 MiB of a live stream, 256 MiB of a file.
	Memory int
	// Node is what the stream shares with others of the same program that play at the same time. If nil, nothing.
	Node *Node
	// CacheDir is a directory where what was seen of files is kept beyond Memory, for later plays too. If empty, nothing is.
	CacheDir string
	// CacheBytes limits what is kept there, in bytes; what was not used for the longest time goes first. If zero, 1 GiB.
	CacheBytes int64
	// MaxPeers is how many neighbours are looked for. If zero, 16.
	MaxPeers int
	// HTTPClient asks the server. If nil, one of the stream's own.
	HTTPClient *http.Client
	// Logger gets what happens. If nil, nothing is logged.
	Logger *slog.Logger
	// Loopback keeps peers to addresses of this machine: for tests and demonstrations.
	Loopback bool
}

// Node is what streams of one program share: WebRTC connections to peers, connections to the server, a budget of memory. Make
// one with NewNode and give it to the Config of each stream; it needs no closing. Streams of one Node have the same Server,
// and no or the same HTTPClient.
type Node = peer.Node

// NewNode returns a Node whose streams together hold at most so many bytes in memory for peers and for playing, 0 for no limit
// but Config.Memory of each.
func NewNode(memory int) *Node { return peer.NewNode(peer.NodeConfig{MaxBytes: memory}) }

// PlayConfig says how one URL is played.
type PlayConfig struct {
	// Delay is how far behind the live edge to play. If zero, 6 s, of HLS at least two target durations less half a second. Values outside 2 to 30 s are moved to the nearer end,
	// and logged.
	Delay time.Duration
}

// Error is a failure: its Code is stable, its Message one sentence that says what happened and what to do next.
type Error = fault.Error

// Code names one kind of failure: url_invalid, channel_unknown, source_unreachable, server_unreachable …
type Code = fault.Code

// CodeOf returns the code of an error that this package returned, "" of nil, "internal" of any other error.
func CodeOf(err error) Code { return fault.CodeOf(err) }

// viewer returns the Viewer's configuration for one play.
func (c *Config) viewer(play *PlayConfig) peer.Config {
	v := peer.Config{
		Server: c.Server, HTTPClient: c.HTTPClient, Logger: c.Logger,
		StartTimeout: c.StartTimeout, StallTimeout: c.StallTimeout, Unpaced: c.Unpaced,
		NoPeers: c.NoPeers, NoUpload: c.NoUpload, UploadRate: c.UploadRate, MaxPeers: c.MaxPeers, MaxBytes: c.Memory, Loopback: c.Loopback, Node: c.Node,
	}
	if v.Server == "" {
		v.Server = DefaultServer
	}
	if play != nil {
		v.Delay = play.Delay
	}
	return v
}
