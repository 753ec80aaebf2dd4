package peer

import (
	"time"

	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/swarm"
)

// Stats is what a Viewer did since Open, over all tracks that it played. "Media" is PeerBytes + ServerBytes: payload
// bytes that were proved and used.
type Stats struct {
	PeerBytes      uint64 // payload bytes from peers, proved and used
	ServerBytes    uint64 // payload bytes from the server, proved and used
	CacheBytes     uint64 // payload bytes from Config.CacheDir, which are not part of Media
	DuplicateBytes uint64 // payload bytes that came and were not used: twice, too late, cut off, or wrong
	BadBytes       uint64 // payload bytes that failed their proof (part of DuplicateBytes)
	ProofBytes     uint64 // bytes of statements and signatures received, from peers and the server
	UploadBytes    uint64 // payload bytes sent to peers
	ControlIn      uint64 // bytes of all other messages from peers
	ControlOut     uint64 // bytes of messages to peers but payload and proofs
	TrackerIn      uint64 // bytes from the tracker, handshakes and TLS included
	TrackerOut     uint64 // bytes to the tracker, handshakes and TLS included
	HTTPIn         uint64 // bytes from the server but slices: headers (as HTTP/1.1 writes them) and JSON
	HTTPOut        uint64 // bytes of requests to the server
	HTTPRequests   uint64

	// Of slices that the holder offered, as against those that were asked for of one's own accord.
	PushedBytes        uint64 // part of PeerBytes
	PushedSlices       uint64 // part of PeerSlices
	UploadPushedBytes  uint64 // part of UploadBytes
	UploadSlices       uint64 // slices sent to peers to their end
	UploadPushedSlices uint64 // part of UploadSlices

	PeerSlices   uint64 // slices from peers
	ServerSlices uint64 // slices from the server
	Timeouts     uint64 // requests to peers that ran out of time
	Refused      uint64 // requests that peers refused
	Barred       uint64 // peers barred for what no honest peer does

	Peers     int    // neighbours connected now
	SwarmSize int    // viewers of the track as the tracker said last, this one included; 0 if unknown
	Links     uint64 // links to peers opened in all
	Branches  uint64 // of them, those over a connection that was there for another track of the Node
	Tracks    int    // tracks played: more than 1 if the server was restarted, say
	Resolves  int    // answers where the stream is

	// Start is the time from the call of Open until the first bytes could be read; 0 before that.
	Start    time.Duration
	Stalls   uint64        // how often playback ran dry after its start
	Stall    time.Duration // for how long in all, the stall of now included
	Delay    time.Duration // how far behind the live edge playback is; 0 before the start
	Buffered time.Duration // what is held without a gap beyond the play position
	Position time.Duration // track time played now, of a file what was read last
	Length   time.Duration // how long a file lasts; 0 of a live stream
	Bitrate  float64       // payload bits per second of track time, over the last 5 s played
	Played   time.Duration // track time delivered to readers in all
}

// Media is the payload bytes that were proved and used.
func (s *Stats) Media() uint64 { return s.PeerBytes + s.ServerBytes }

// Offload is the share of media bytes that came from peers, 0 to 1; 0 before any came.
func (s *Stats) Offload() float64 { return share(s.PeerBytes, s.Media()) }

// ControlShare is everything received or exchanged that is neither payload nor proof, for each media byte: messages
// from peers, bytes from and to the tracker, and HTTP headers and JSON in both directions. What is sent to peers is
// left out, since it is counted where it is received.
func (s *Stats) ControlShare() float64 {
	return share(s.ControlIn+s.TrackerIn+s.TrackerOut+s.HTTPIn+s.HTTPOut, s.Media())
}

// DuplicateShare is DuplicateBytes for each media byte.
func (s *Stats) DuplicateShare() float64 { return share(s.DuplicateBytes, s.Media()) }

// ProofShare is ProofBytes for each media byte.
func (s *Stats) ProofShare() float64 { return share(s.ProofBytes, s.Media()) }

func share(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// addCounts adds what an engine counted. Stalls are the Viewer's own count, since they outlast an engine.
func (s *Stats) addCounts(e *swarm.Stats) {
	s.PeerBytes += e.PeerBytes
	s.ServerBytes += e.ServerBytes
	s.DuplicateBytes += e.DuplicateBytes
	s.BadBytes += e.BadBytes
	s.ProofBytes += e.ProofBytes
	s.UploadBytes += e.UploadBytes
	s.ControlIn += e.ControlIn
	s.ControlOut += e.ControlOut
	s.PushedBytes += e.PushedBytes
	s.PushedSlices += e.PushedSlices
	s.UploadPushedBytes += e.UploadPushedBytes
	s.UploadSlices += e.UploadSlices
	s.UploadPushedSlices += e.UploadPushedSlices
	s.PeerSlices += e.PeerSlices
	s.ServerSlices += e.ServerSlices
	s.Timeouts += e.Timeouts
	s.Refused += e.Refused
	s.Barred += e.Barred
}

// meter measures the bitrate of what is delivered, by track time.
type meter struct {
	window []metered
	bytes  int
	total  time.Duration
}

type metered struct {
	bytes int
	lasts time.Duration
}

const meterWindow = 5 * time.Second

func (m *meter) add(s *slice.Slice) {
	lasts := s.Proof.Duration / time.Duration(len(s.Proof.Entries))
	m.total += lasts
	m.bytes += len(s.Payload)
	m.window = append(m.window, metered{len(s.Payload), lasts})
	sum := m.span()
	for len(m.window) > 1 && sum-m.window[0].lasts >= meterWindow {
		sum -= m.window[0].lasts
		m.bytes -= m.window[0].bytes
		m.window = m.window[1:]
	}
}

func (m *meter) span() (sum time.Duration) {
	for _, w := range m.window {
		sum += w.lasts
	}
	return sum
}

func (m *meter) rate() float64 {
	if sum := m.span(); sum > 0 {
		return float64(8*m.bytes) / sum.Seconds()
	}
	return 0
}
