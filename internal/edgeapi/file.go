package edgeapi

import (
	"strings"

	"github.com/superp2p/superp2p/internal/slice"
)

// ProofsTemplate is File.Proofs of our own edge.
const ProofsTemplate = "/v1/tracks/{track}/proofs/{number}"

// How files are sliced: a group is a block of the file, and one statement speaks of it.
const (
	// FileSlice is how many bytes one slice of a file holds, the last one fewer; of files above 8 GiB, twice as many.
	FileSlice = 32 << 10
	// FileGroup is how many slices a group has, the last one fewer.
	FileGroup = 32
	// MaxSlices is how many slices a file has at the most.
	MaxSlices = 256 << 10
	// MaxFile is the size of the largest file that is one track, in bytes: 16 GiB.
	MaxFile = MaxSlices * slice.MaxPayload
)

// File is the part of a Resolution that a track has which is a file at an origin. Slice n holds its bytes from n*Slice
// on. Viewers may fetch them from the origin themselves; the server proves them.
type File struct {
	Size     int64  `json:"size"`  // bytes
	Slice    int    `json:"slice"` // bytes a slice
	Group    int    `json:"group"` // slices a group
	Type     string `json:"type"`  // media type, as the origin says
	ETag     string `json:"etag,omitempty"`
	Modified int64  `json:"modified,omitempty"` // when, Unix seconds, as the origin says; 0 if it does not
	Duration int64  `json:"duration"`           // ms; guessed where the file does not say
	// Times are when what is in each group is played, ms from the start; the first is 0 and none is less than the one before.
	Times []int64 `json:"times"`
	// Proofs is a URL template like Resolution.Slices; it answers with a slice.AppendFrame without payload.
	Proofs string `json:"proofs"`
}

// Slices returns how many slices the file has.
func (f *File) Slices() slice.Number {
	if f.Slice == 0 { // a playlist's segments, each in Group parts
		return slice.Number(len(f.Times) * f.Group)
	}
	return slice.Number((f.Size + int64(f.Slice) - 1) / int64(f.Slice))
}

// SliceSize returns how many bytes slice n has, which must be one of the file.
func (f *File) SliceSize(n slice.Number) int {
	return int(min(int64(f.Slice), f.Size-int64(n)*int64(f.Slice)))
}

// TypeFLV is the media type of FLV, live or a file.
const TypeFLV = "video/x-flv"

// FileType returns the media type that a path's ending stands for, "" if it is no file's.
func FileType(path string) string {
	switch strings.ToLower(path[max(0, strings.LastIndexByte(path, '.')):]) {
	case ".mp4", ".m4v", ".f4v":
		return "video/mp4"
	case ".mov":
		return "video/quicktime"
	case ".m4a":
		return "audio/mp4"
	case ".flv":
		return TypeFLV
	case ".mp3":
		return "audio/mpeg"
	case ".webm":
		return "video/webm"
	case ".mkv":
		return "video/matroska"
	}
	return ""
}
