package superp2p_test

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/amf"
	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/source"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

func TestPublishWriteSendClose(t *testing.T) {
	st := onAir(t, func(c *config.Config) { c.RTMP = "127.0.0.1:0" })
	clip, err := os.ReadFile(stagetest.Clip(t))
	require.NoError(t, err)
	s, err := superp2p.NewP2PNetStream(superp2p.Config{Server: st.ServerURL(), Unpaced: true})
	require.NoError(t, err)
	defer s.Close()
	codes := make(chan string, 100)
	s.OnNetStatus(func(e superp2p.NetStatusEvent) { codes <- e.Info.Code })
	_, err = s.Write(clip)
	require.Equal(t, superp2p.Code("request_invalid"), superp2p.CodeOf(err), "nothing is published")
	require.Equal(t, superp2p.Code("request_invalid"), superp2p.CodeOf(s.Send("f")))
	require.Equal(t, superp2p.Code("request_invalid"), superp2p.CodeOf(s.Publish("test", "record")))
	require.Equal(t, superp2p.NetStreamFailed, <-codes, "it is told, too")

	for range 2 { // again after its end
		require.NoError(t, s.Publish("test", "live"))
		require.NoError(t, s.Send("@setDataFrame", "onMetaData", map[string]any{"title": "of the film"}))
		_, err = s.Write(clip)
		require.NoError(t, err)
		require.Equal(t, superp2p.Code("request_invalid"), superp2p.CodeOf(s.Send("f", make(chan int))))
		require.Equal(t, superp2p.NetStreamPublishStart, <-codes)
		stagetest.OnAir(t, st.ServerURL(), "live/test")
		require.NoError(t, s.Publish("", ""))
		require.Equal(t, superp2p.NetStreamUnpublishSuccess, <-codes)
	}
	require.NoError(t, s.Publish("test", ""))
	require.Equal(t, superp2p.NetStreamPublishStart, <-codes)
	require.NoError(t, s.Close())
	require.Equal(t, superp2p.NetStreamUnpublishSuccess, <-codes)
	_, err = s.Write(clip)
	require.Equal(t, superp2p.Code("request_invalid"), superp2p.CodeOf(err))
}

// TestSentDataReachesPlayers calls a handler of those who play.
func TestSentDataReachesPlayers(t *testing.T) {
	st := onAir(t, func(c *config.Config) { c.RTMP = "127.0.0.1:0" })
	s, err := superp2p.NewP2PNetStream(superp2p.Config{Server: st.ServerURL(), Unpaced: true})
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.Publish("live/test", "live"))
	head := flv.AppendHeader(nil, true, true)
	for i, body := range [][]byte{{0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f, 0xff, 0xe0, 0}, append([]byte{0x17, 1, 0, 0, 0}, make([]byte, 100)...)} {
		head = flv.AppendTag(head, &flv.Tag{Type: flv.Video, Timestamp: uint32(i), Body: body})
	}
	_, err = s.Write(head)
	require.NoError(t, err)
	var at uint32 = 40
	more := func() {
		at += 40
		b := flv.AppendTag(nil, &flv.Tag{Type: flv.Video, Timestamp: at, Body: append([]byte{0x27, 1, 0, 0, 0}, bytes.Repeat([]byte{1}, 2000)...)})
		_, err := s.Write(b)
		require.NoError(t, err)
	}
	for range 20 {
		more()
	}
	in, err := source.Open(t.Context(), st.ServerURL()+"/live/live/test.flv", source.Options{})
	require.NoError(t, err)
	defer func() { _ = in.Close() }()
	when := time.UnixMilli(1544776901860).UTC()
	require.NoError(t, s.Send("onChat", "hello", 7, map[string]any{"at": when, "tags": []string{"a"}}))
	for range 20 {
		more()
	}
	for {
		tag, err := in.ReadTag()
		require.NoError(t, err)
		if tag.Type != flv.Script {
			continue
		}
		name, values, err := amf.Decode(tag.Body, amf.Limits{})
		require.NoError(t, err)
		if name == "onChat" {
			require.Equal(t, []any{"hello", 7.0, map[string]any{"at": when, "tags": []any{"a"}}}, values)
			return
		}
	}
}
