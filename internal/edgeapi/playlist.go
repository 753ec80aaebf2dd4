package edgeapi

// How an HLS playlist is a track. A live one is cut as any live stream, a group for each segment; the first slice of a group is
// a Segment, and the others are its bytes. One that is complete is like a file whose groups are its segments, each in the
// same number of equal parts (hls.EqualPart), so that the numbers of all slices are known before any segment is.

// PlaylistTemplate is Playlist.URL of our own edge.
const PlaylistTemplate = TracksPath + "{track}/playlist"

// TypePlaylist is the media type of HLS playlists (RFC 8216, section 4).
const TypePlaylist = "application/vnd.apple.mpegurl"

// PlaylistKind is what an HLS playlist is.
type PlaylistKind string

// The kinds of playlists.
const (
	PlaylistMaster PlaylistKind = "master" // it lists variants, and is no track: choose one and resolve that
	PlaylistLive   PlaylistKind = "live"   // segments come and go, or come only
	PlaylistVOD    PlaylistKind = "vod"    // all segments are listed, now and for good
)

// Playlist is the part of a Resolution that an HLS playlist has.
type Playlist struct {
	Kind   PlaylistKind `json:"kind"`
	Target int64        `json:"target,omitempty"` // ms: the longest that a segment lasts; 0 of a master playlist
	// URL is a template like Resolution.Slices. It answers with the media playlist as the server loaded it last, its URIs
	// absolute and without what differs per viewer, for who cannot load it from the origin.
	URL string `json:"url,omitempty"`
	// Proofs is a template like File.Proofs, of a live one. Its first slices of groups come with their payload.
	Proofs string `json:"proofs,omitempty"`
	// Of one that is complete, whose Resolution.File has a group for each segment: File.Group slices each, and its Size, Slice, ETag
	// and Modified are zero.
	Sequence int64 `json:"sequence,omitempty"` // media sequence number of the first segment
}

// Segment is the payload of the first slice of each group of a live playlist, as JSON. The slices after it hold the bytes of
// the segment as the origin gives them: ciphertext if it is encrypted. What is only of the viewer that saw it first,
// such as its key's URL, is left to each viewer's own playlist.
type Segment struct {
	Sequence int64  `json:"sequence"` // media sequence number
	Path     string `json:"path"`     // of its URL, escaped, without query
	Offset   int64  `json:"offset,omitempty"`
	Length   int64  `json:"length,omitempty"` // of its byte range; 0: to the end
	Size     int64  `json:"size"`             // bytes; 0 if it is missing
	Slice    int    `json:"slice,omitempty"`  // bytes in each slice after this one, the last fewer
	Duration int64  `json:"duration"`         // ms
	// Discontinuity says that its times do not go on from those of the one before.
	Discontinuity bool `json:"discontinuity,omitempty"`
	// Gap says that the origin does not have it.
	Gap bool `json:"gap,omitempty"`
}

// Slices returns how many slices the group of the segment has, the first included.
func (s *Segment) Slices() int {
	if s.Size <= 0 || s.Slice <= 0 {
		return 1
	}
	return 1 + int((s.Size+int64(s.Slice)-1)/int64(s.Slice))
}

// Played is a segment of a live playlist that playback has come to.
type Played struct {
	Segment
	// Number counts them from 1. Those between two numbers were skipped.
	Number uint64
}
