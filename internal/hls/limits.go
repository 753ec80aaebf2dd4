package hls

import "time"

// Limits bound what a playlist may hold.
type Limits struct {
	// MaxBytes is the size of the largest playlist, in bytes. If zero, 1 MiB. URIs with variables may take four times
	// that once they are put in.
	MaxBytes int
	// MaxLine is the length of the longest line, in bytes, also after variables are put in. If zero, 16 KiB.
	MaxLine int
	// MaxSegments is how many segments, how many parts, and how many variants and renditions there may be. If zero,
	// 10,000.
	MaxSegments int
	// MaxTargetDuration is the longest target duration. If zero, an hour.
	MaxTargetDuration time.Duration
}

func (l Limits) withDefaults() Limits {
	if l.MaxBytes == 0 {
		l.MaxBytes = 1 << 20
	}
	if l.MaxLine == 0 {
		l.MaxLine = 16 << 10
	}
	if l.MaxSegments == 0 {
		l.MaxSegments = 10_000
	}
	if l.MaxTargetDuration == 0 {
		l.MaxTargetDuration = time.Hour
	}
	return l
}

// Options say how to read a playlist.
type Options struct {
	// Limits bound it. If zero, their defaults.
	Limits Limits
	// Variables are what EXT-X-DEFINE may import: those of the master playlist that led here (Playlist.Variables).
	// If nil, an import is an error.
	Variables map[string]string
}

// MaxMap is how large an initialization segment may be, in bytes, for who loads one; they are a few kB.
const MaxMap = 4 << 20

const (
	maxAttributes = 256            // of one line
	maxKeys       = 16             // that apply to one segment: one for each key format
	maxSegment    = 24 * time.Hour // the longest segment
	maxNumber     = 1 << 62        // of sequence numbers and byte offsets, so that sums do not overflow
)
