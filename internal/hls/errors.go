package hls

import (
	"errors"
	"strconv"

	"github.com/superp2p/superp2p/internal/fault"
)

// What can be wrong with a playlist. Parse, Rewrite and Window.Update return them within a *fault.Error; tell them
// apart by errors.Is.
var (
	ErrNoPlaylist     = errors.New("hls: it does not begin with #EXTM3U")
	ErrNeither        = errors.New("hls: neither a master nor a media playlist")
	ErrMixed          = errors.New("hls: a master and a media playlist in one")
	ErrGarbage        = errors.New("hls: damaged")
	ErrTooLarge       = errors.New("hls: larger than the limit")
	ErrTargetDuration = errors.New("hls: no usable target duration")
	ErrNoDuration     = errors.New("hls: a segment without #EXTINF")
	ErrByteRange      = errors.New("hls: a bad byte range")
	ErrVariable       = errors.New("hls: an undefined variable")
	ErrSkipped        = errors.New("hls: a delta update that does not fit")
)

// invalid returns a fault about a line of the playlist, or about the whole if line is 0.
func invalid(cause error, line int, message string) error {
	if line > 0 {
		message = "line " + strconv.Itoa(line) + " of the playlist " + message
	} else {
		message = "the playlist " + message
	}
	return fault.Wrap(fault.SourceInvalid, message, cause)
}
