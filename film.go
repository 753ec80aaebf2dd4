package superp2p

import (
	"errors"
	"io"

	"github.com/superp2p/superp2p/internal/film"
	"github.com/superp2p/superp2p/internal/peer"
)

// filmReader reads a film whose end or failure is that of the play.
type filmReader struct {
	*film.Film
	viewer *peer.Viewer
}

func (f filmReader) Read(b []byte) (int, error) {
	n, err := f.Film.Read(b)
	switch {
	case errors.Is(err, io.EOF):
		f.viewer.End()
	case err != nil && CodeOf(err) != "closed":
		f.viewer.Fail(err)
	}
	return n, err
}
