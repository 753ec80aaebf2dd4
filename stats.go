package superp2p

import (
	"time"

	"github.com/superp2p/superp2p/internal/peer"
)

// Stats counts what the current or last play of a P2PNetStream did, or a Media. Media bytes are payload that was proved and used.
type Stats struct {
	PeerBytes        uint64 `json:"peer_bytes"`         // media bytes from peers
	ServerBytes      uint64 `json:"server_bytes"`       // media bytes from the server
	UploadBytes      uint64 `json:"upload_bytes"`       // payload bytes given to peers
	DuplicateBytes   uint64 `json:"duplicate_bytes"`    // payload bytes that came and were not used
	BadBytes         uint64 `json:"bad_bytes"`          // payload bytes that failed their proof, part of DuplicateBytes
	ProofBytes       uint64 `json:"proof_bytes"`        // statements and signatures received
	ControlBytes     uint64 `json:"control_bytes"`      // all else received: from peers; and from and to tracker and server
	ControlSentBytes uint64 `json:"control_sent_bytes"` // sent to peers but payload and proofs: part of their ControlBytes

	Offload   float64 `json:"offload"`    // share of media bytes from peers, 0 to 1
	Peers     int     `json:"peers"`      // neighbours connected now
	SwarmSize int     `json:"swarm_size"` // viewers of the stream, this one included; 0 if unknown
	Bitrate   float64 `json:"bitrate"`    // bit/s of what is played

	Start     time.Duration `json:"-"`      // from Play to the first bytes; 0 before
	LiveDelay time.Duration `json:"-"`      // behind the live edge; 0 before the start
	Buffered  time.Duration `json:"-"`      // held beyond the play position
	Played    time.Duration `json:"-"`      // of the stream, in all
	Position  time.Duration `json:"-"`      // in a file; 0 of a live stream
	Length    time.Duration `json:"-"`      // of a file; 0 of a live stream
	Stalls    uint64        `json:"stalls"` // how often playback ran dry
	Stall     time.Duration `json:"-"`      // for how long in all
}

func statsOf(s peer.Stats) Stats {
	position := s.Position
	if s.Length == 0 {
		position = 0
	}
	return Stats{
		Position: position, Length: s.Length,
		PeerBytes: s.PeerBytes, ServerBytes: s.ServerBytes, UploadBytes: s.UploadBytes,
		DuplicateBytes: s.DuplicateBytes, BadBytes: s.BadBytes, ProofBytes: s.ProofBytes,
		ControlBytes: s.ControlIn + s.TrackerIn + s.TrackerOut + s.HTTPIn + s.HTTPOut, ControlSentBytes: s.ControlOut,
		Offload: s.Offload(), Peers: s.Peers, SwarmSize: s.SwarmSize, Bitrate: s.Bitrate,
		Start: s.Start, LiveDelay: s.Delay, Buffered: s.Buffered, Played: s.Played, Stalls: s.Stalls, Stall: s.Stall,
	}
}

// addAudio adds what the viewer of a playlist of its own for the audio did.
func addAudio(s *peer.Stats, audio peer.Stats) {
	s.PeerBytes += audio.PeerBytes
	s.ServerBytes += audio.ServerBytes
	s.UploadBytes += audio.UploadBytes
	s.PushedBytes += audio.PushedBytes
	s.PushedSlices += audio.PushedSlices
	s.UploadPushedBytes += audio.UploadPushedBytes
	s.UploadSlices += audio.UploadSlices
	s.UploadPushedSlices += audio.UploadPushedSlices
	s.PeerSlices += audio.PeerSlices
	s.ServerSlices += audio.ServerSlices
	s.ControlOut += audio.ControlOut
	s.DuplicateBytes += audio.DuplicateBytes
	s.BadBytes += audio.BadBytes
	s.ProofBytes += audio.ProofBytes
	s.ControlIn += audio.ControlIn
	s.TrackerIn += audio.TrackerIn
	s.TrackerOut += audio.TrackerOut
	s.HTTPIn += audio.HTTPIn
	s.HTTPOut += audio.HTTPOut
	s.Bitrate += audio.Bitrate
}
