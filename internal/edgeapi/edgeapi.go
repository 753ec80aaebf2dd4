package edgeapi

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/zeebo/blake3"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/slice"
)

const (
	// ResolvePath answers with a Resolution; its query has either url or channel.
	ResolvePath = "/v1/resolve"
	// SlicesTemplate is Resolution.Slices of our own edge.
	SlicesTemplate = "/v1/tracks/{track}/slices/{number}"
	// TracksPath, with a track ID appended, answers with a Live.
	TracksPath = "/v1/tracks/"
	// StatusPath answers with a Status.
	StatusPath = "/v1/status"
	// TrackerPath is where the WebTorrent tracker's WebSocket is.
	TrackerPath = "/announce"

	// SliceType is the media type of a slice answer, a slice.AppendFrame.
	SliceType = "application/vnd.superp2p.slice"
	// SlicesType is that of several slices of a live track, which are asked for by also=N,N,… beside the one in the path: for
	// each its frame's length (uvarint) and the frame; or, of one that is not given, 0, a length, and an ErrorBody.
	SlicesType = "application/vnd.superp2p.slices"
	// MaxAlso is how many slices a request may name in also.
	MaxAlso = 15
	// MaxAhead is how many slices beyond the edge a request may wait for.
	MaxAhead = 64
	// MaxWaitSeconds is the longest wait that a request may prefer (RFC 7240, wait).
	MaxWaitSeconds = 20
	// MaxCopies is the largest number of copies that a request may name (preference copies).
	MaxCopies = 1000
)

// State of a stream at its source.
type State string

// The states of a Live.
const (
	StateLive        State = "live"
	StateInterrupted State = "interrupted" // the source is lost and being retried; the track goes on if it returns
	StateEnded       State = "ended"       // nothing more will be cut
)

// Point is a slice on the time line of its track.
type Point struct {
	Number slice.Number `json:"number"`
	Time   int64        `json:"time"` // ms of track time at which it begins
}

// EdgePoint is the newest slice cut.
type EdgePoint struct {
	Number slice.Number `json:"number"`
	Time   int64        `json:"time"` // ms of track time at which it begins
	Cut    int64        `json:"cut"`  // Unix ms by the edge's clock
}

// Live is the part of a Resolution that changes while a stream runs.
type Live struct {
	Now     int64        `json:"now"`     // Unix ms by the edge's clock, when the answer was made
	Line    int64        `json:"line"`    // Unix ms at which track time 0 was live: the least cut-(time+duration) of the last 10 s
	Rate    float64      `json:"rate"`    // slices per second, over the last 10 s
	Bitrate int64        `json:"bitrate"` // bits of payload per second, over the last 10 s
	Edge    EdgePoint    `json:"edge"`
	First   slice.Number `json:"first"`  // the oldest slice kept
	Groups  []Point      `json:"groups"` // starts of the groups kept, oldest first
	State   State        `json:"state"`
}

// Resolution says everything that a viewer needs to join a stream.
type Resolution struct {
	Stream string `json:"stream"` // the identity: a channel id, or the URL without what differs per viewer
	Track  string `json:"track"`  // 32 hex digits: a slice.TrackID
	Swarm  string `json:"swarm"`  // 40 hex digits: the info_hash to announce
	Key    []byte `json:"key"`    // the edge's Ed25519 public key, 32 bytes, base64 in JSON
	Live
	File *File `json:"file,omitempty"` // the track is a file and not live; groups, edge, line and state say nothing then
	// Playlist is there of what is an HLS playlist. Of a master playlist it is all there is beside Stream.
	Playlist *Playlist `json:"playlist,omitempty"`
	Crowd    bool      `json:"crowd,omitempty"` // more come at this moment than the server should feed: look for peers first
	Tracker  string    `json:"tracker"`         // URL, relative to the answer's own or absolute
	STUN     []string  `json:"stun"`            // URLs of STUN servers (RFC 7064)
	Slices   string    `json:"slices"`          // URL template with {track} and {number}, relative or absolute
}

// ErrorBody is the body of every answer that is no success.
type ErrorBody struct {
	Error ErrorDetail `json:"error"`
}

// ErrorDetail is a fault.Error without its cause.
type ErrorDetail struct {
	Code    fault.Code `json:"code"`
	Message string     `json:"message"`
}

// ParseError returns the failure that the body of an unsuccessful answer tells; nil if the body tells none.
func ParseError(body []byte) *fault.Error {
	var e ErrorBody
	if json.Unmarshal(body, &e) != nil || e.Error.Code == "" {
		return nil
	}
	return fault.New(e.Error.Code, e.Error.Message)
}

// Status is what dashboards show.
type Status struct {
	Version string         `json:"version"`
	Uptime  int64          `json:"uptime"`         // seconds
	Now     int64          `json:"now"`            // Unix ms
	RTMP    int            `json:"rtmp,omitempty"` // the TCP port that takes published streams; 0 if there is none
	Streams []StreamStatus `json:"streams"`
	// Totals since the start, of streams let go too.
	SlicesServed int64 `json:"slices_served"`
	BytesOut     int64 `json:"bytes_out"` // bytes of slices and HTTP-FLV sent to viewers
	BytesIn      int64 `json:"bytes_in"`  // bytes of media taken from sources
}

// StreamStatus is one stream of a Status.
type StreamStatus struct {
	Stream       string  `json:"stream"`
	Track        string  `json:"track"`
	Swarm        string  `json:"swarm"`
	State        State   `json:"state"`
	Source       string  `json:"source"`          // "pull" or "publish"
	Error        string  `json:"error,omitempty"` // why the source is lost
	Viewers      int     `json:"viewers"`         // members of the swarm
	Readers      int     `json:"readers"`         // players by plain HTTP-FLV
	Waiting      int     `json:"waiting"`         // slice requests that wait
	Uptime       int64   `json:"uptime"`          // seconds since it was first cut
	Bitrate      int64   `json:"bitrate"`         // bit/s
	Rate         float64 `json:"rate"`            // slices/s
	Slices       int64   `json:"slices"`          // cut so far
	BytesIn      int64   `json:"bytes_in"`        // payload bytes cut so far
	SlicesServed int64   `json:"slices_served"`
	BytesOut     int64   `json:"bytes_out"`
	Kept         int     `json:"kept"`       // slices in the window
	KeptBytes    int64   `json:"kept_bytes"` // their bytes
	Interrupted  int64   `json:"interrupted"`
}

// SlicePath fills a template of slices or proofs.
func SlicePath(template string, track slice.TrackID, n slice.Number) string {
	return strings.NewReplacer("{track}", track.String(), "{number}", strconv.FormatUint(uint64(n), 10)).Replace(template)
}

// InfoHash names the swarm of a track.
func InfoHash(track slice.TrackID) [20]byte {
	sum := blake3.Sum256(append([]byte("superp2p swarm 1\x00"), track[:]...))
	return [20]byte(sum[:20])
}
