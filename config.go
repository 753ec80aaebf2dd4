package superp2p

import (
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/peer"
)

// DefaultServer is the server of a Config without one: a superp2p on the same machine.
const DefaultServer = "http://127.0.0.1:8080"

// The range of PlayConfig.Delay, and what is taken where it says nothing.
const (
	MinDelay     = peer.MinDelay     // 2 s
	MaxDelay     = peer.MaxDelay     // 30 s
	DefaultDelay = peer.DefaultDelay // 6 s
)

// Config says how a P2PNetStream or a Media works, whatever it plays.
type Config struct {
	// Server is the URL of the superp2p server, http(s)://host[:port][/path]. If empty, DefaultServer.
	Server string
	// StartTimeout limits the time from Play until the first frame is there; then the play fails. If zero, 10 s.
	StartTimeout time.Duration
	// Unpaced hands out what is played as fast as it comes, for who records it, and not at the pace of a player.
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
	// PublishURL is where Publish publishes, rtmp(s)://host[:port]/application. If empty, at the RTMP port of Server.
	PublishURL string
	// CacheDir is a directory where what was seen of files is kept beyond Memory, for later plays too. Of streams that play at the
	// same time only those of one Node may have the same. If empty, nothing is kept.
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

// Node is what streams of one program share: WebRTC connections to peers, connections to the server, caches on disk, a budget of
// memory. Make one with NewNode and give it to the Config of each stream; it needs no closing. Streams of one Node have the same Server,
// and no or the same HTTPClient.
type Node = peer.Node

// NewNode returns a Node whose streams together hold at most so many bytes in memory for peers and for playing, 0 for no limit
// but Config.Memory of each.
func NewNode(memory int) *Node { return peer.NewNode(peer.NodeConfig{MaxBytes: memory}) }

// PlayConfig says how one URL is played: the config of NetStream.play(url, config). Where a field is zero, the Config of
// the stream counts.
type PlayConfig struct {
	// Delay is how far behind the live edge to play. If zero, 6 s, of HLS at least two target durations less half a second.
	// Values outside 2 to 30 s are moved to the nearer end, and logged.
	Delay time.Duration `json:"delay"`
	// StartTimeout limits the time from Play until the first frame is there; then the play fails. If zero, that of Config.
	StartTimeout time.Duration `json:"startTimeout"`
	// Upload says whether peers are given anything. If nil, as Config.NoUpload says.
	Upload *bool `json:"upload"`
	// UploadRate limits what peers are given, in bytes a second. If zero, that of Config.
	UploadRate float64 `json:"uploadRate"`
	// MaxPeers is how many neighbours are looked for. If zero, that of Config.
	MaxPeers int `json:"maxPeers"`
	// Memory limits what is held for peers and for playing, in bytes. If zero, that of Config.
	Memory int `json:"memory"`
	// Token goes to the server with each request, as «Authorization: Bearer». If empty, nothing does.
	Token string `json:"token"`
	// Channel is the id of the stream at the server, which is then played instead of the URL; the URL remains what events
	// name. If empty, the URL is played.
	Channel string `json:"channel"`
	// StreamID names the stream for who reads logs and events. Which viewers share a swarm is for the server to say. If
	// empty, the URL does.
	StreamID string `json:"streamID"`
	// HTTPOnly takes everything from the server: no peers. If false, as Config.NoPeers says.
	HTTPOnly bool `json:"httpOnly"`
	// MinViewers is how many viewers, this one included, a stream must have before anything is taken from peers. If zero,
	// any number.
	MinViewers int `json:"minViewers"`
}

// Error is a failure: its Code is stable, its Message one sentence that says what happened and what to do next.
type Error = fault.Error

// Code names one kind of failure: url_invalid, channel_unknown, source_unreachable, server_unreachable …
type Code = fault.Code

// CodeOf returns the code of an error that this package returned, "" of nil, "internal" of any other error.
func CodeOf(err error) Code { return fault.CodeOf(err) }

// check tells what of c cannot be right.
func (c *Config) check() error {
	if c.Server != "" {
		if u, err := url.Parse(c.Server); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fault.New(fault.URLInvalid, "what is given as server is no address; give an http or https URL such as "+DefaultServer)
		}
	}
	switch {
	case c.StartTimeout < 0 || c.StallTimeout < 0:
		return fault.New(fault.ConfigInvalid, "a timeout is negative; give a positive one, or 0 for the default")
	case !(c.UploadRate >= 0) || c.Memory < 0 || c.CacheBytes < 0 || c.MaxPeers < 0:
		return fault.New(fault.ConfigInvalid, "a limit is negative; give a positive one, or 0 for the default")
	}
	return nil
}

// check tells what of c cannot be right.
func (c *PlayConfig) check() error {
	switch {
	case c.Delay < 0:
		return fault.New(fault.ConfigInvalid, "the delay is negative; give 2 to 30 seconds, or 0 for the default")
	case c.StartTimeout < 0:
		return fault.New(fault.ConfigInvalid, "startTimeout is negative; give a positive one, or 0 for the default")
	case !(c.UploadRate >= 0) || c.Memory < 0 || c.MaxPeers < 0 || c.MinViewers < 0:
		return fault.New(fault.ConfigInvalid, "a limit is negative; give a positive one, or 0 for the default")
	case len(c.Channel) > 8<<10 || len(c.Token) > 8<<10:
		return fault.New(fault.ConfigInvalid, "the channel or the token is longer than 8 KiB; check that they were not mixed up with the media")
	}
	return nil
}

// name is what events call what is played.
func (c *PlayConfig) name(url string) string {
	switch {
	case c.StreamID != "":
		return c.StreamID
	case url != "":
		return url
	}
	return c.Channel
}

// target is what the server is asked for: the channel, or what is at url.
func (c *PlayConfig) target(url string) string {
	if c.Channel != "" {
		return c.Channel
	}
	return url
}

// server is the URL of the server.
func (c *Config) server() string {
	if c.Server == "" {
		return DefaultServer
	}
	return c.Server
}

// startTimeout is how long the start of a play may take.
func (c *Config) startTimeout(play *PlayConfig) time.Duration {
	const otherwise = 10 * time.Second
	for _, d := range [...]time.Duration{play.StartTimeout, c.StartTimeout} {
		if d > 0 {
			return d
		}
	}
	return otherwise
}

// viewer returns the Viewer's configuration for one play.
func (c *Config) viewer(play *PlayConfig) peer.Config {
	v := peer.Config{
		Server: c.server(), HTTPClient: c.HTTPClient, Logger: c.Logger, Delay: play.Delay,
		StartTimeout: c.startTimeout(play), StallTimeout: c.StallTimeout, Unpaced: c.Unpaced,
		NoPeers: c.NoPeers || play.HTTPOnly, NoUpload: c.NoUpload, UploadRate: c.UploadRate, MaxPeers: c.MaxPeers, MaxBytes: c.Memory,
		Loopback: c.Loopback, CacheDir: c.CacheDir, CacheBytes: c.CacheBytes, NoDownload: play.MinViewers > 1, Node: c.Node,
	}
	if play.Upload != nil {
		v.NoUpload = !*play.Upload
	}
	if play.UploadRate > 0 {
		v.UploadRate = play.UploadRate
	}
	if play.MaxPeers > 0 {
		v.MaxPeers = play.MaxPeers
	}
	if play.Memory > 0 {
		v.MaxBytes = play.Memory
	}
	if play.Token != "" {
		v.HTTPClient = withToken(c.HTTPClient, play.Token)
		v.Header = http.Header{"Authorization": {bearerOf(play.Token)}}
	}
	return v
}

// withToken returns a client as from that names a token with each request.
func withToken(from *http.Client, token string) *http.Client {
	var client http.Client
	if from != nil {
		client = *from
	}
	client.Transport = bearer{client.Transport, token}
	return &client
}

// bearer adds a token to requests.
type bearer struct {
	next  http.RoundTripper
	token string
}

// RoundTrip implements http.RoundTripper.
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	next := b.next
	if next == nil {
		next = http.DefaultTransport
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", bearerOf(b.token))
	return next.RoundTrip(r)
}

func bearerOf(token string) string { return "Bearer " + token }
