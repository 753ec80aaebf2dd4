package edge

import (
	"context"
	"log/slog"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/object"
)

// guessedRate is what a file that does not say how long it lasts is taken to play, in bytes a second.
const guessedRate = 250_000

// timesOf returns how long a file lasts and when each of its groups is played, in ms.
func timesOf(_ context.Context, o *object.File, _ *slog.Logger) (duration int64, times []int64) {
	duration = max(1, o.Size*1000/guessedRate)
	for at := int64(0); at < o.Size; at += edgeapi.FileGroup * edgeapi.FileSlice {
		times = append(times, duration*at/o.Size)
	}
	return duration, times
}
