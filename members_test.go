package superp2p_test

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p"
)

// kept sets a property and requires that it reads so, and that it was as Flash has it before.
func kept[T any](t *testing.T, get func() T, set func(T), before, value T) {
	t.Helper()
	require.Equal(t, before, get())
	set(value)
	require.Equal(t, value, get())
}

func TestSettingsAreKept(t *testing.T) {
	s, _ := stream(t, "")
	kept(t, s.BufferTime, s.SetBufferTime, 100*time.Millisecond, time.Second)
	kept(t, s.BufferTimeMax, s.SetBufferTimeMax, 0, 3*time.Second)
	kept(t, s.BackBufferTime, s.SetBackBufferTime, 30*time.Second, time.Second)
	kept(t, s.MaxPauseBufferTime, s.SetMaxPauseBufferTime, time.Minute, 2*time.Second)
	kept(t, s.InBufferSeek, s.SetInBufferSeek, s.InBufferSeek(), false)
	kept(t, s.CheckPolicyFile, s.SetCheckPolicyFile, false, true)
	kept(t, s.AudioSampleAccess, s.SetAudioSampleAccess, s.AudioSampleAccess(), true)
	kept(t, s.VideoSampleAccess, s.SetVideoSampleAccess, s.VideoSampleAccess(), true)
	kept(t, s.UseHardwareDecoder, s.SetUseHardwareDecoder, s.UseHardwareDecoder(), true)
	kept(t, s.UseJitterBuffer, s.SetUseJitterBuffer, s.UseJitterBuffer(), true)
	kept(t, s.SoundTransform, s.SetSoundTransform, s.SoundTransform(), superp2p.SoundTransform{Volume: 0.5, Pan: -1})
	kept(t, s.MulticastAvailabilitySendToAll, s.SetMulticastAvailabilitySendToAll, false, true)
	kept(t, s.MulticastAvailabilityUpdatePeriod, s.SetMulticastAvailabilityUpdatePeriod, 100*time.Millisecond, time.Second)
	kept(t, s.MulticastFetchPeriod, s.SetMulticastFetchPeriod, 2500*time.Millisecond, time.Second)
	require.Zero(t, s.ObjectEncoding())
	require.True(t, s.AudioReliable() && s.VideoReliable() && s.DataReliable())
	require.Empty(t, s.FarNonce()+s.NearNonce())
	require.Equal(t, "connectToFMS", superp2p.ConnectToFMS)
	require.Equal(t, "directConnections", superp2p.DirectConnections)
}

func TestWhatHasNoMeaningHereSaysSo(t *testing.T) {
	s, _ := stream(t, "")
	for _, err := range []error{
		s.Attach(nil), s.AttachAudio(nil), s.AttachCamera(nil), s.SetVideoStreamSettings(nil), superp2p.ResetDRMVouchers(),
	} {
		require.ErrorIs(t, err, superp2p.ErrNotSupported)
		require.Equal(t, superp2p.Code("not_supported"), superp2p.CodeOf(err))
	}
}

func TestFiguresOfALivePlay(t *testing.T) {
	st := onAir(t, nil)
	s, events := stream(t, st.ServerURL())
	data := make(chan map[string]any, 10)
	client := superp2p.Client{OnMetaData: func(m map[string]any) { data <- m }}
	s.SetClient(client)
	require.NotNil(t, s.Client().OnMetaData)
	require.Zero(t, s.Time())
	require.Zero(t, s.BytesLoaded())
	require.NoError(t, s.Play(st.Channel(), fast()))
	go func() { _, _ = io.Copy(io.Discard, s) }()
	require.Equal(t, superp2p.NetStreamPlayStart, next(t, events).Info.Code)
	require.NotEmpty(t, <-data)
	require.Eventually(t, func() bool { return s.Time() > time.Second && s.CurrentFPS() > 0 }, time.Minute, 20*time.Millisecond)
	require.NotZero(t, s.BufferLength())
	require.NotZero(t, s.BackBufferLength())
	require.NotZero(t, s.DecodedFrames())
	require.NotZero(t, s.LiveDelay())
	require.NotEmpty(t, s.VideoCodec())
	require.NotEmpty(t, s.AudioCodec())
	require.Empty(t, s.PeerStreams())
	require.Zero(t, s.BytesTotal(), "a live stream has no end")
	i := s.Info()
	require.Equal(t, st.ServerURL(), i.URI)
	require.Equal(t, st.Channel(), i.ResourceName)
	require.True(t, i.IsLive)
	require.NotEmpty(t, i.MetaData)
	require.Empty(t, i.XMPData)
	require.Zero(t, i.SRTT)
	require.Zero(t, i.AudioLossRate+i.VideoLossRate)
	require.LessOrEqual(t, i.ByteCount, s.BytesLoaded())
	require.LessOrEqual(t, s.MulticastInfo().BytesReceivedFromServer, s.Stats().ServerBytes)
	require.NotZero(t, s.MulticastInfo().BytesReceivedFromServer)
}
