package swarm

import (
	"time"

	"github.com/superp2p/superp2p/internal/slice"
)

// Verifier checks proofs; *signing.Verifier is one.
type Verifier interface {
	Statement(*slice.Signed) error
	Payload(*slice.Statement, slice.Number, []byte) error
}

// Group is where a decoder can start: a group's number and when on the track it begins.
type Group struct {
	Number slice.Number
	Time   time.Duration
}

// Live is what the server says of a live track when a viewer resolves it.
type Live struct {
	// Line is when, by the viewer's clock, track time 0 was at the live edge: what was recorded at track time t could
	// be had from the edge at Line + t.
	Line time.Time
	// Edge is the newest slice cut, EdgeTime where it begins on the track.
	Edge     slice.Number
	EdgeTime time.Duration
	// Rate is the number of slices a second. If zero, 4.
	Rate float64
	// Crowd says that many come at the same time, more than the server should feed.
	Crowd bool
	// Groups are those that the server holds, oldest first; at least one.
	Groups []Group
}

// What Config.MaxBytes is if it is zero, of a live track and of a file.
const (
	DefaultBytes     = 64 << 20
	DefaultFileBytes = 256 << 20
)

// Config is what an engine is made of. Fields without «If zero» are needed.
type Config struct {
	Self     PeerID
	Track    slice.TrackID
	Verifier Verifier
	Live     Live // of a live track
	// File says that the track is a file, and which. If nil, it is a live one.
	File *File
	// Early has a Kept action tell of each slice of a live track as soon as it is here, for who plays by a clock of its own.
	Early bool
	// Lead is how long before it is due each slice of a live track is to be here, for a player that needs more than that slice
	// to go on: the whole of an HLS segment. A viewer that has just come gets there little by little, from peers. If zero, none.
	Lead time.Duration
	// ClockOffset is what must be added to the edge's clock to get the viewer's.
	ClockOffset time.Duration
	// Delay is how far behind the live edge the viewer plays. If zero, 6 s.
	Delay time.Duration
	// NoUpload keeps the engine from serving others.
	NoUpload bool
	// NoDownload takes everything from the server; others may still be served.
	NoDownload bool
	// NoPeers keeps the engine from trading with peers at all: everything comes from the server.
	NoPeers bool
	// UploadRate limits what is served to peers, in bytes a second. If zero, it is not limited.
	UploadRate float64
	// MaxPeers is how many neighbours the engine likes to have; it accepts a quarter more, in a crowd twice as many. If zero, 16, of a file 32, since
	// each holds other parts of it.
	MaxPeers int
	// PushPeers is to how many neighbours slices of a live track are offered; the others get what they ask for. If zero, to all,
	// as far as the uplink goes; if less, to none.
	PushPeers int
	// KeepBehind is for how long slices of a live track are kept for others after they were played, as far as MaxBytes allows.
	// If zero, as long as the Policy says; if less, not at all.
	KeepBehind time.Duration
	// MaxBytes limits the payload bytes held for others and for playing. If zero, 64 MiB, of a file 256 MiB.
	MaxBytes int
	// Policy holds the rules. If zero, DefaultPolicy.
	Policy *Policy
}
