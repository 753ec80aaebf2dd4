package peer

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/pion/transport/v4"

	"github.com/superp2p/superp2p/internal/swarm"
)

// The range of Config.Delay.
const (
	MinDelay     = swarm.MinDelay
	MaxDelay     = swarm.MaxDelay
	DefaultDelay = swarm.DefaultDelay
)

// Config says how to watch.
type Config struct {
	// Server is the base URL of the superp2p server, http(s)://host[:port][/path]. Needed.
	Server string
	// HTTPClient asks the server. If nil, one of the Viewer's own.
	HTTPClient *http.Client
	// Header goes with the request for the connection to the tracker; with the others, HTTPClient sees to it. If nil, none.
	Header http.Header
	// Logger gets what happens. If nil, nothing is logged.
	Logger *slog.Logger

	// Delay is how far behind the live edge the stream is played. If zero, 6 s, of an HLS playlist at least two target durations
	// less half a second, so that a segment is here before players, which begin three segments back, have come to it. Values outside 2 to 30 s are moved to
	// the nearer end, and logged.
	Delay time.Duration
	// StartTimeout limits the time from Open until something can be read. If zero, 10 s.
	StartTimeout time.Duration
	// StallTimeout limits how long nothing may arrive, once playing, before the viewer gives up. It does not run while
	// the server says that the source is away. If zero, 20 s.
	StallTimeout time.Duration
	// Window is how much of what was played stays readable for slow and new readers. If zero, 10 s.
	Window time.Duration
	// WindowBytes limits the same in bytes. If zero, 64 MiB.
	WindowBytes int

	// Node is what the viewer shares with others of the same program: connections to peers and to the server, and memory. Where
	// those have no HTTPClient, Dial must do the same for all. If nil, it shares nothing.
	Node *Node
	// CacheDir is a directory where what was seen of files is kept, beyond what fits into memory and for later. Viewers of one
	// Node share it. If empty, nothing is kept.
	CacheDir string
	// CacheBytes limits what is kept there, in bytes; what the first of those that share it says counts. If zero, 1 GiB.
	CacheBytes int64
	// MaxBytes limits what is held in memory for peers and for playing, in bytes. If zero, 64 MiB of a live stream, 256 MiB of a file.
	MaxBytes int
	// Unpaced reads a file as fast as it comes, for who records it, and not at the pace of a player.
	Unpaced bool
	// NoPeers takes everything from the server.
	NoPeers bool
	// NoDownload takes everything from the server, but gives to peers.
	NoDownload bool
	// NoUpload takes from peers and gives them nothing.
	NoUpload bool
	// UploadRate limits what peers are given, in bytes a second. If zero, it is not limited.
	UploadRate float64
	// MaxPeers is how many neighbours the viewer looks for; it accepts a quarter more. If zero, 16.
	MaxPeers int
	// PushPeers is to how many neighbours slices of a live stream are offered; the others get what they ask for. If zero, to as
	// many as the uplink can serve; if less, to none.
	PushPeers int
	// KeepBehind is for how long slices of a live stream are kept for others after they were played, as far as MaxBytes allows. If
	// zero, 10 s; if less, not at all.
	KeepBehind time.Duration
	// Admit says whether a peer that has connected is to be a neighbour. It is called by the viewer's loop and must not block: it
	// returns true and calls answer later, from any goroutine, or false if nobody minds. Who is refused is not met again for
	// 10 minutes. A peer of which nothing is said within 3 s is welcome. If nil, every peer is.
	Admit func(peer Neighbour, answer func(welcome bool)) bool
	// Loopback keeps peers to addresses of this machine (127.0.0.0/8).
	Loopback bool
	// STUN replaces the server's list of STUN servers ("stun:host:port") unless it is nil. An empty list asks none.
	STUN []string

	// Dial opens connections to the server (unless there is an HTTPClient) and to the tracker. If nil, a net.Dialer's
	// DialContext.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Network carries the links to peers. If nil, the machine's own.
	Network transport.Net
	// Now is the clock; it must not go back. If nil, the system's, without its jumps.
	Now func() time.Time
	// Rand makes the viewer's random name and choices. If nil, crypto/rand.
	Rand io.Reader

	delaySet bool // Delay is the user's
}

// withDefaults returns the configuration with every zero field set.
func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.delaySet = c.Delay != 0; !c.delaySet {
		c.Delay = DefaultDelay
	}
	if d := min(max(c.Delay, MinDelay), MaxDelay); d != c.Delay {
		c.Logger.Warn("delay is out of its range, the nearer end is taken", "delay", c.Delay, "taken", d)
		c.Delay = d
	}
	setDefault(&c.StartTimeout, 10*time.Second)
	setDefault(&c.StallTimeout, 20*time.Second)
	setDefault(&c.Window, 10*time.Second)
	if c.WindowBytes <= 0 {
		c.WindowBytes = 64 << 20
	}
	if c.MaxPeers <= 0 {
		c.MaxPeers = 16
	}
	if c.Now == nil {
		c.Now = steadyClock()
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	return c
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d <= 0 {
		*d = value
	}
}

// steadyClock returns a clock that starts at the system's time and then goes on evenly, whatever is done to the
// system's. Its times have no monotonic reading, so that they compare with what the server says.
func steadyClock() func() time.Time {
	begin := time.Now()
	wall := begin.Round(0)
	return func() time.Time { return wall.Add(time.Since(begin)) }
}
