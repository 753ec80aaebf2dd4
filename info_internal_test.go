package superp2p

import (
	"io"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/peer"
	"github.com/superp2p/superp2p/internal/playback"
	"github.com/superp2p/superp2p/internal/stage"
)

// TestNetStreamInfoIsWhatTheBufferCounted appends tags and compares every number of the buffer's by its name.
func TestNetStreamInfoIsWhatTheBufferCounted(t *testing.T) {
	now := time.Unix(1000, 0)
	p := playback.New(playback.Config{})
	want := map[flv.Type]uint64{}
	for _, tag := range tags(4) {
		require.NoError(t, p.Append(now, tag))
		want[tag.Type] += uint64(len(tag.Body))
		now = now.Add(2 * time.Millisecond)
	}
	i := p.Info()
	var n NetStreamInfo
	n.setPlayback(&i)
	require.Equal(t, want[flv.Video], n.VideoByteCount)
	require.Equal(t, want[flv.Audio], n.AudioByteCount)
	require.Equal(t, n.ByteCount, n.AudioByteCount+n.VideoByteCount+n.DataByteCount)
	require.NotZero(t, n.CurrentBytesPerSecond)
	from, to := reflect.ValueOf(i), reflect.ValueOf(n)
	for f := range from.NumField() {
		name := from.Type().Field(f).Name
		require.Equal(t, from.Field(f).Interface(), to.FieldByName(name).Interface(), name)
	}
}

func TestRatesOfMulticastInfo(t *testing.T) {
	var m multicastMeter
	now := time.Unix(1000, 0)
	s := peer.Stats{UploadBytes: 5000}
	require.Zero(t, m.info(now, &s).SendDataBytesPerSecond, "nothing to compare with")
	for range 100 {
		now = now.Add(50 * time.Millisecond)
		s.UploadBytes += 100
		s.UploadPushedBytes += 40
		s.PeerBytes, s.ServerBytes, s.HTTPOut, s.TrackerOut = s.PeerBytes+10, s.ServerBytes+30, s.HTTPOut+1, s.TrackerOut+2
		s.ControlIn, s.ProofBytes, s.ControlOut = s.ControlIn+3, s.ProofBytes+4, s.ControlOut+5
		m.info(now, &s)
		require.Less(t, len(m.samples), 20, "what is old is forgotten")
	}
	i := m.info(now, &s)
	require.InDelta(t, 2000, i.SendDataBytesPerSecond, 0.01)
	require.InDelta(t, 100, i.SendControlBytesPerSecond, 0.01)
	require.InDelta(t, 800, i.ReceiveDataBytesPerSecond, 0.01)
	require.InDelta(t, 140, i.ReceiveControlBytesPerSecond, 0.01)
	require.InDelta(t, 60, i.SendControlBytesPerSecondToServer, 0.01)
	require.InDelta(t, 600, i.ReceiveDataBytesPerSecondFromServer, 0.01)
	now = now.Add(10 * time.Second)
	require.Less(t, m.info(now, &s).SendDataBytesPerSecond, 300.0, "who asks seldom gets what was since")
	now = now.Add(time.Second)
	require.Zero(t, m.info(now, &s).SendDataBytesPerSecond)
}

// TestMulticastInfoIsWhatTheTransportCounted lets two viewers watch the same stream over real links.
func TestMulticastInfoIsWhatTheTransportCounted(t *testing.T) {
	st, err := stage.Start(t.Context(), stage.Config{Past: 8 * time.Second, Adjust: func(c *config.Config) {}})
	require.NoError(t, err)
	defer func() { require.NoError(t, st.Close()) }()
	var readers sync.WaitGroup
	var viewers []*peer.Viewer
	for range 2 {
		v, err := peer.Open(t.Context(), peer.Config{Server: st.ServerURL(), Loopback: true, Delay: 4 * time.Second}, st.Channel())
		require.NoError(t, err)
		viewers = append(viewers, v)
		readers.Go(func() { _, _ = io.Copy(io.Discard, v.NewReader()) })
	}
	enough := func() bool {
		for _, v := range viewers {
			if s := v.Stats(); s.PeerSlices < 10 || s.PushedSlices == 0 || s.UploadSlices < 10 || s.ServerSlices == 0 {
				return false
			}
		}
		return true
	}
	require.Eventually(t, enough, time.Minute, 50*time.Millisecond)
	var sum NetStreamMulticastInfo
	var received uint64
	for _, v := range viewers {
		require.NoError(t, v.Close())
		var m multicastMeter
		s := v.Stats()
		i := m.info(time.Now(), &s)
		require.Equal(t, s.PeerBytes, i.BytesPushedFromPeers+i.BytesRequestedFromPeers)
		require.Equal(t, s.PeerSlices, i.FragmentsPushedFromPeers+i.FragmentsRequestedFromPeers)
		require.Equal(t, s.UploadBytes, i.BytesPushedToPeers+i.BytesRequestedByPeers)
		require.Equal(t, s.ServerBytes, i.BytesReceivedFromServer)
		require.Equal(t, s.ServerSlices, i.FragmentsReceivedFromServer)
		require.Zero(t, i.BytesReceivedFromIPMulticast)
		sum.BytesPushedFromPeers += i.BytesPushedFromPeers
		sum.FragmentsPushedFromPeers += i.FragmentsPushedFromPeers
		sum.BytesPushedToPeers += i.BytesPushedToPeers
		sum.FragmentsPushedToPeers += i.FragmentsPushedToPeers
		sum.BytesRequestedByPeers += i.BytesRequestedByPeers
		sum.BytesReceivedFromServer += i.BytesReceivedFromServer
		sum.FragmentsReceivedFromServer += i.FragmentsReceivedFromServer
		received += s.PeerBytes
	}
	readers.Wait()
	// What one took in the other has sent, and more may have been on its way. An offer of both sides at once may be taken
	// for an own request by one of them.
	require.GreaterOrEqual(t, sum.BytesPushedToPeers+sum.BytesRequestedByPeers, received)
	require.GreaterOrEqual(t, sum.BytesPushedToPeers, sum.BytesPushedFromPeers)
	require.GreaterOrEqual(t, sum.FragmentsPushedToPeers, sum.FragmentsPushedFromPeers)
	status := st.Server.Status()
	require.GreaterOrEqual(t, uint64(status.BytesOut), sum.BytesReceivedFromServer, "the server has sent what they took from it")
	require.GreaterOrEqual(t, uint64(status.SlicesServed), sum.FragmentsReceivedFromServer)
}
