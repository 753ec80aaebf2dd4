package swarm

import "time"

// Stats counts what an engine did. Byte counts are of messages as the engine sees them, without the transport's own
// overhead.
type Stats struct {
	PeerBytes      uint64 // payload bytes from peers that were proved and used
	ServerBytes    uint64 // payload bytes from the server that were proved and used
	DuplicateBytes uint64 // payload bytes received and not used: twice, too late, cut off, or wrong
	ProofBytes     uint64 // statements and signatures received, from peers and the server
	ControlIn      uint64 // bytes of all other messages received from peers
	ControlOut     uint64 // bytes of all messages sent to peers but payload and proofs
	UploadBytes    uint64 // payload bytes sent to peers
	BadBytes       uint64 // payload bytes that failed their proof (part of DuplicateBytes)

	// Of slices that the holder offered, as against those that were asked for of one's own accord.
	PushedBytes       uint64 // part of PeerBytes
	PushedSlices      uint64 // part of PeerSlices
	UploadPushedBytes uint64 // part of UploadBytes

	UploadSlices       uint64 // slices sent to peers to their end
	UploadPushedSlices uint64 // part of UploadSlices

	PeerSlices   uint64 // slices from peers
	ServerSlices uint64 // slices from the server
	Timeouts     uint64 // requests to peers that ran out of time
	Refused      uint64 // requests that peers refused
	Barred       uint64 // peers barred
	Offers       uint64 // offers made to neighbours
	Taken        uint64 // of them those that were taken up

	// Why slices were asked from the server.
	FetchedFirst uint64 // nobody around held it: the first copy hereabouts
	FetchedLate  uint64 // time ran out
	FetchedStart uint64 // the viewer had just come

	Peers    int           // neighbours that said hello
	Stalls   uint64        // how often playback ran dry after its start
	Stall    time.Duration // how long in all
	Delay    time.Duration // behind the live edge at which playback is now
	Buffered time.Duration // what is held without a gap from the play position on
	Position time.Duration // the track time that is played now
}

// Received is all payload that was used.
func (s *Stats) Received() uint64 { return s.PeerBytes + s.ServerBytes }
