package hls

import (
	"time"
)

// Playlist is a master or a media playlist: one of Master and Media is not nil.
type Playlist struct {
	Version     int    // of the protocol, 1 unless it says so
	Independent bool   // each segment can be decoded alone
	Start       *Start // where to begin playing, nil if it does not say
	// Variables are those that EXT-X-DEFINE gave; those of a master playlist are Options.Variables of its media playlists.
	Variables map[string]string
	// QueryParameters names the parameters of the playlist's own URL that its variables were taken from.
	QueryParameters []string

	Master *Master
	Media  *Media
}

// Start is an EXT-X-START.
type Start struct {
	Offset  time.Duration // from the beginning, or from the end if negative
	Precise bool          // do not render what comes before, though it is in the same segment
}

// Master is what a master playlist (multivariant playlist) says.
type Master struct {
	Variants    []Variant
	IFrames     []Variant // for trick play
	Renditions  []Rendition
	SessionKeys []Key
}

// Variant is a version of the presentation, in the words of EXT-X-STREAM-INF.
type Variant struct {
	URI              string // absolute
	Bandwidth        int64  // peak, bits per second
	AverageBandwidth int64  // bits per second, 0 if unknown
	Codecs           []string
	Width, Height    int     // 0 if unknown
	FrameRate        float64 // 0 if unknown
	Name             string
	// The groups of renditions that belong to it, "" for none.
	Audio, Video, Subtitles, ClosedCaptions string
}

// Rendition is an EXT-X-MEDIA: a language, a camera, subtitles.
type Rendition struct {
	Type       string // AUDIO, VIDEO, SUBTITLES or CLOSED-CAPTIONS
	URI        string // absolute; "" if it is in the variant's own segments
	Group      string
	Language   string
	Name       string
	Default    bool
	Autoselect bool
	Forced     bool
	Channels   string
}

// PlaylistType is the value of EXT-X-PLAYLIST-TYPE.
type PlaylistType string

// The types of media playlists.
const (
	Live  PlaylistType = "" // segments come and go, unless EndList
	Event PlaylistType = "EVENT"
	VOD   PlaylistType = "VOD"
)

// Media is what a media playlist says.
type Media struct {
	Sequence              int64 // of the first segment, also if it was skipped
	DiscontinuitySequence int64
	TargetDuration        time.Duration
	Type                  PlaylistType
	EndList               bool // no more segments will come
	IFramesOnly           bool
	Segments              []Segment
	Duration              time.Duration // of all segments and of Open

	// Low latency:

	Open             *Segment      // the segment after the last while it is made: its parts so far; nil if there are none
	PartTarget       time.Duration // 0 if there are no parts
	ServerControl    ServerControl
	Skipped          int64 // how many segments a delta update left out before the first that is listed
	PreloadHints     []PreloadHint
	RenditionReports []RenditionReport

	inheritKeys int // how many of the first segments, Open included, come before any EXT-X-KEY
	inheritMap  int // the same of EXT-X-MAP
}

// Next returns the sequence number after the last segment's.
func (m *Media) Next() int64 { return m.Sequence + m.Skipped + int64(len(m.Segments)) }

// Segment is one media segment. That of Media.Open has no URI, title or byte range, and its parts' duration. Keys and Map are shared among segments: do not change them.
type Segment struct {
	Sequence      int64
	URI           string // absolute
	Range         ByteRange
	Start         time.Duration // within the playlist, from its first listed segment
	Duration      time.Duration
	Title         string
	Discontinuity bool  // it does not continue the one before
	DiscSequence  int64 // its discontinuity sequence number
	Gap           bool  // it is missing: do not load it
	// ProgramTime is when its first sample was recorded: what EXT-X-PROGRAM-DATE-TIME says, else reckoned from the nearest
	// segment before that has one, else from the first after. Zero if no segment has one.
	ProgramTime time.Time
	Keys        []Key // one for each key format; empty if it is in the clear
	Map         *Map  // nil if it needs none
	Parts       []Part
}

// Find returns the segment of a media sequence number in a list without gaps, such as Window.Segments, nil if it has none.
func Find(list []Segment, sequence int64) *Segment {
	if len(list) == 0 || sequence < list[0].Sequence || sequence > list[len(list)-1].Sequence {
		return nil
	}
	return &list[sequence-list[0].Sequence]
}

// Part is an EXT-X-PART: a piece of a segment that can be had before the whole.
type Part struct {
	URI         string // absolute
	Range       ByteRange
	Duration    time.Duration
	Independent bool // it begins with a keyframe
	Gap         bool
}

// Map is an EXT-X-MAP: what a decoder needs before the segments.
type Map struct {
	URI   string // absolute
	Range ByteRange
	Keys  []Key
}

// ServerControl is an EXT-X-SERVER-CONTROL.
type ServerControl struct {
	CanBlockReload    bool
	CanSkipUntil      time.Duration // 0: no delta updates
	CanSkipDateRanges bool
	HoldBack          time.Duration // 0: three target durations
	PartHoldBack      time.Duration
}

// PreloadHint is an EXT-X-PRELOAD-HINT: what will be listed soon.
type PreloadHint struct {
	Type  string // PART or MAP
	URI   string // absolute
	Range ByteRange
}

// RenditionReport is an EXT-X-RENDITION-REPORT: how far another rendition is.
type RenditionReport struct {
	URI          string // absolute
	LastSequence int64
	LastPart     int64 // -1 if it does not say
}
