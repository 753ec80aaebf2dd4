package superp2p_test

import (
	"bytes"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

func TestACompletePlaylistIsSought(t *testing.T) {
	lists := stagetest.Folder(t, stagetest.Playlists(t))
	st := onAir(t, func(c *config.Config) { c.Origins = []string{"127.0.0.1"} })
	for _, name := range []string{"/ts/index.m3u8", "/apart/master.m3u8"} {
		s := newStream(t, superp2p.Config{Server: st.ServerURL(), Loopback: true, Unpaced: true})
		events := make(chan superp2p.NetStatusEvent, 1000)
		s.OnNetStatus(func(e superp2p.NetStatusEvent) { events <- e })
		require.NoError(t, s.Play(lists.URL+name, nil))
		require.NoError(t, s.Seek(15*time.Second), "before it has begun")
		var all bytes.Buffer
		_, err := s.WriteTo(&all)
		require.NoError(t, err)
		stagetest.Decodes(t, bytes.NewReader(all.Bytes()))
		r := flv.NewReader(&all, flv.Limits{})
		pictures, first, last := 0, uint32(0), uint32(0)
		for {
			tag, err := r.ReadTag()
			if err != nil {
				break
			}
			if tag.Type == flv.Video && tag.IsFrame() {
				if pictures == 0 {
					first = tag.Timestamp
				}
				pictures++
				last = tag.Timestamp
			}
		}
		require.InDelta(t, 14_000, first, 200, "the segment that it is in")
		require.InDelta(t, 20_000, last, 200)
		require.Equal(t, 150, pictures)
		require.Equal(t, []string{superp2p.NetStreamSeekStartNotify, superp2p.NetStreamPlayStart, superp2p.NetStreamSeekNotify},
			codes(t, events, superp2p.NetStreamSeekNotify))
		codes(t, events, superp2p.NetStreamPlayStop)
		require.NoError(t, s.Close())
	}
}

func TestASourceThatSendsNothingFailsInTime(t *testing.T) {
	silent := stagetest.Handler(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	st := onAir(t, func(c *config.Config) { c.Origins = []string{"127.0.0.1"} })
	s, events := stream(t, st.ServerURL())
	began := time.Now()
	require.NoError(t, s.Play(silent.URL+"/live.flv", nil))
	e := next(t, events)
	require.Equal(t, superp2p.NetStreamPlayFailed, e.Info.Code)
	require.Less(t, time.Since(began), 20*time.Second)
	_, err := s.ReadPacket()
	require.Equal(t, e.Err, err)
	require.ErrorIs(t, s.Pause(), err)
	require.NoError(t, s.Close())
	require.Empty(t, events)
}

func TestItIsClosedInEachState(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	require.NoError(t, err)
	defer listener.Close() //nolint:errcheck // the test is over
	s := newStream(t, superp2p.Config{Server: "http://" + listener.Addr().String()})
	require.NoError(t, s.Close(), "before Play")
	require.NoError(t, s.Play("live", nil))
	require.NoError(t, s.Close(), "while it is opened")
	require.NoError(t, s.Dispose())
	_, err = s.Read(make([]byte, 1))
	require.Equal(t, superp2p.Code("closed"), superp2p.CodeOf(err))

	st := onAir(t, nil)
	until := map[string]string{
		"playing": superp2p.NetStreamBufferFull, "paused": superp2p.NetStreamPauseNotify, "failed": superp2p.NetStreamPlayFailed,
	}
	for state, code := range until {
		s, events := stream(t, st.ServerURL())
		target := st.Channel()
		if state == "failed" {
			target = "nobody"
		}
		require.NoError(t, s.Play(target, fast()))
		if state == "paused" {
			require.NoError(t, s.Pause())
		}
		codes(t, events, code)
		require.NoError(t, s.Close())
		require.NoError(t, s.Close())
		require.Equal(t, superp2p.Code("closed"), superp2p.CodeOf(s.Resume()))
	}
}
