package film_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/film"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/origin"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

func TestALivePlaylistAsFLV(t *testing.T) {
	for name, key := range map[string][]byte{"clear": nil, "AES-128": []byte("0123456789abcdef")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, origin.HLSConfig{Key: key})
			v := w.open("viewer", nil)
			require.True(t, v.Live())
			f := film.New(v, 0)
			r := flv.NewReader(f, flv.Limits{})
			all := flv.AppendHeader(nil, true, true)
			last := uint32(0)
			var delay time.Duration
			for last < 8000 {
				tag, err := r.ReadTag()
				require.NoError(t, err)
				require.GreaterOrEqual(t, tag.Timestamp+100, last)
				last = tag.Timestamp
				if m, ok := origin.ParseMark(&tag); ok {
					delay = time.Since(m.Sent)
				}
				all = flv.AppendTag(all, &tag)
			}
			t.Log("behind live:", delay)
			stagetest.Decodes(t, bytes.NewReader(all))
			done := make(chan error, 1)
			go func() {
				_, err := io.Copy(io.Discard, f)
				done <- err
			}()
			require.NoError(t, f.Close())
			require.Equal(t, fault.Closed, fault.CodeOf(<-done))
		})
	}
}

func TestALivePlaylistEnds(t *testing.T) {
	clip := origin.NewHLS(origin.HLSConfig{Complete: 6})
	var prepared []origin.HLSSegment
	for n := range 6 {
		prepared = append(prepared, origin.HLSSegment{Data: clip.Segment(n), Duration: 2 * time.Second})
	}
	w := newWorld(t, origin.HLSConfig{Prepared: prepared, Start: time.Now().Add(-9 * time.Second)})
	v := w.open("viewer", nil)
	all, err := io.ReadAll(film.New(v, 0))
	require.NoError(t, err)
	stagetest.Decodes(t, bytes.NewReader(all))
	_, pictures := probe(t, all)
	require.GreaterOrEqual(t, pictures, 100)
	require.Zero(t, pictures%50)
}

func TestWhatIsNoVideoFailsOnce(t *testing.T) {
	var prepared []origin.HLSSegment
	for range 6 {
		prepared = append(prepared, origin.HLSSegment{Data: bytes.Repeat([]byte("no film"), 10_000), Duration: 2 * time.Second})
	}
	w := newWorld(t, origin.HLSConfig{Prepared: prepared, All: true})
	f := film.New(w.open("viewer", nil), 0)
	_, err := io.ReadAll(f)
	require.Equal(t, fault.SourceInvalid, fault.CodeOf(err))
	_, again := f.Read(make([]byte, 1))
	require.True(t, errors.Is(again, err))
}
