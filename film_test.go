package superp2p_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

func TestAFilmIsPlayedAsFLVToItsEnd(t *testing.T) {
	origin := stagetest.Films(t)
	st := onAir(t, func(c *config.Config) { c.Origins = []string{"127.0.0.1"} })
	for _, name := range []string{"first.mp4", "last.mp4", "fragments.mp4", "film.flv"} {
		t.Run(name, func(t *testing.T) {
			s := newStream(t, superp2p.Config{Server: st.ServerURL(), Loopback: true, Unpaced: true})
			events := make(chan superp2p.NetStatusEvent, 100)
			s.OnNetStatus(func(e superp2p.NetStatusEvent) { events <- e })
			defer s.Close() //nolint:errcheck // the test is over
			require.NoError(t, s.Play(origin.URL+"/"+name, nil))
			all, err := io.ReadAll(s)
			require.NoError(t, err)
			stagetest.Decodes(t, bytes.NewReader(all))
			header := flv.AppendHeader(nil, true, true)
			require.Equal(t, header, all[:len(header)], "players go by what it announces")
			for _, code := range []string{superp2p.NetStreamPlayStart, superp2p.NetStreamBufferFull, superp2p.NetStreamBufferFlush, superp2p.NetStreamPlayStop} {
				require.Equal(t, code, nextBut(t, events, superp2p.NetStreamVideoDimensionChange).Info.Code)
			}
			if name == "film.flv" {
				answer, err := http.Get(origin.URL + "/film.flv")
				require.NoError(t, err)
				defer answer.Body.Close() //nolint:errcheck // it was read
				want, err := io.ReadAll(answer.Body)
				require.NoError(t, err)
				require.True(t, bytes.Equal(want, all), "as the origin has it")
			}
		})
	}
}

func TestAFileThatIsNoFilmFailsOnce(t *testing.T) {
	origin := stagetest.Garbage(t)
	st := onAir(t, func(c *config.Config) { c.Origins = []string{"127.0.0.1"} })
	s := newStream(t, superp2p.Config{Server: st.ServerURL(), Loopback: true, Unpaced: true, StartTimeout: 5 * time.Second})
	defer s.Close() //nolint:errcheck // the test is over
	events := make(chan superp2p.NetStatusEvent, 100)
	s.OnNetStatus(func(e superp2p.NetStatusEvent) { events <- e })
	require.NoError(t, s.Play(origin.URL+"/film.mp4", nil))
	_, err := io.ReadAll(s)
	require.Equal(t, superp2p.Code("source_invalid"), superp2p.CodeOf(err))
	for {
		if e := next(t, events); e.Info.Level == "error" {
			require.Equal(t, superp2p.NetStreamPlayFileStructureInvalid, e.Info.Code)
			require.Error(t, e.Err)
			return
		}
	}
}
