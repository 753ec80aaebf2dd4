package edge

import (
	"context"
	"log/slog"
	"time"

	"github.com/superp2p/superp2p/internal/object"
	"github.com/superp2p/superp2p/internal/seekmap"
)

const (
	// guessedRate is what a file that does not say how long it lasts is taken to play, in bytes a second.
	guessedRate = 250_000
	// mapTimeout is how long a file's own index may take to be read.
	mapTimeout = 5 * time.Second
)

// timesOf returns how long a file lasts and when each of its groups, of so many bytes, is played, in ms, by the file's own index. Viewers
// need it only to know what comes when, so a file without one is taken to be played evenly.
func timesOf(ctx context.Context, o *object.File, group int64, log *slog.Logger) (duration int64, times []int64) {
	guess := time.Duration(max(1, o.Size*1000/guessedRate)) * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, mapTimeout)
	defer cancel()
	m, err := seekmap.Read(o.At(ctx), o.Size, seekmap.Options{})
	if err != nil {
		log.Info("the file's index cannot be read; it is taken to be played evenly", "error", err)
		m = seekmap.Proportional(o.Size, guess)
	}
	if m.Duration <= 0 {
		m = seekmap.Proportional(o.Size, guess)
	}
	duration = max(1, m.Duration.Milliseconds())
	least := int64(0)
	for at := int64(0); at < o.Size; at += group {
		if at > 0 {
			least = min(max(least, m.TimeAt(at).Milliseconds()), duration)
		}
		times = append(times, least)
	}
	return duration, times
}
