package flv_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/bluenviron/gortmplib/pkg/amf0"
	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/flv"
)

// avcHeader is what x264 makes for 640x360 at 25 fps.
var avcHeader = flv.Tag{Type: flv.Video, Body: body("17 00 000000 0142c01effe10019" +
	"6742c01eda0280bfe5c044000003000400000300ca3c58ba80 01000468ce3c80")}

// hevcHeader is what x265 makes for 1280x720 at 30 fps.
var hevcHeader = flv.Tag{Type: flv.Video, Body: body("90 68766331" +
	"0104080000009e08000000005df000fcfff8f800000f03" +
	"a00001001740010c01ffff0408000003009e0800000300005d959809" +
	"a10001002c4201010408000003009e0800000300005d9000501005a2cb2b349265780b7020200040000003004000000782" +
	"a2000100084401c172860c4624")}

var aacHeader = flv.Tag{Type: flv.Audio, Body: body("af 00 1190")} // LC, 48 kHz, stereo

func script(t *testing.T, values ...any) []byte {
	b, err := amf0.Data(append([]any{"onMetaData"}, values...)).Marshal()
	require.NoError(t, err)
	return b
}

// decode reads metadata with an independent decoder.
func decode(t *testing.T, b []byte) map[string]any {
	data, err := amf0.Unmarshal(b)
	require.NoError(t, err)
	require.Len(t, data, 2)
	require.Equal(t, "onMetaData", data[0])
	all := map[string]any{}
	for _, e := range data[1].(amf0.ECMAArray) {
		require.NotContains(t, all, e.Key, "each key once")
		all[e.Key] = e.Value
	}
	return all
}

func TestCompleteMetadataOfNothing(t *testing.T) {
	require.Equal(t, map[string]any{"duration": 0.0}, decode(t, flv.CompleteMetadata(nil, nil, nil)))
	got := decode(t, flv.CompleteMetadata(nil, &avcHeader, &aacHeader))
	require.Equal(t, map[string]any{
		"duration": 0.0, "width": 640.0, "height": 360.0, "framerate": 25.0, "videocodecid": 7.0,
		"audiocodecid": 10.0, "audiosamplerate": 48000.0, "audiosamplesize": 16.0, "stereo": true,
	}, got)
	b, err := json.MarshalIndent(got, "", " ")
	require.NoError(t, err)
	golden(t, "testdata/metadata.json", append(b, '\n'))
}

func TestCompleteMetadataKeepsTheSources(t *testing.T) {
	source := script(t, amf0.Object{
		{Key: "encoder", Value: "a studio"}, {Key: "framerate", Value: 29.97}, {Key: "width", Value: 1.0},
		{Key: "duration", Value: 17.5}, {Key: "filesize", Value: 99.0}, {Key: "videocodecid", Value: "avc1"},
		{Key: "keyframes", Value: amf0.Object{{Key: "times", Value: amf0.StrictArray{1.0, 2.0}}}},
		{Key: "videodatarate", Value: 2000.0}, {Key: "audiosamplerate", Value: 44100.0}, {Key: "stereo", Value: false},
	})
	require.Equal(t, map[string]any{
		"encoder": "a studio", "framerate": 29.97, "width": 640.0, "height": 360.0, "duration": 0.0,
		"videocodecid": 7.0, "videodatarate": 2000.0, "audiosamplerate": 44100.0, "stereo": false,
		"audiocodecid": 10.0, "audiosamplesize": 16.0,
	}, decode(t, flv.CompleteMetadata(source, &avcHeader, &aacHeader)))
}

// Values of types that nobody here reads are handed on as they are, and damage ends the list, not the stream.
func TestOddMetadata(t *testing.T) {
	date := "\x00\x04date\x0b\x42\x77\x00\x00\x00\x00\x00\x00\x00\x00"
	long := "\x00\x04long\x0c\x00\x00\x00\x02hi"
	all := "\x02\x00\x0aonMetaData\x08\x00\x00\x00\x07" + date + long
	for name, source := range map[string]string{
		"complete": all + "\x00\x00\x09", "no end": all, "cut off": all + "\x00\x05width\x00\x01",
		"unknown": all + "\x00\x01x\x66",
	} {
		t.Run(name, func(t *testing.T) {
			got := flv.CompleteMetadata([]byte(source), nil, nil)
			require.True(t, bytes.Contains(got, []byte(date)))
			require.True(t, bytes.Contains(got, []byte(long)))
			require.True(t, bytes.HasSuffix(got, []byte{0, 0, 9}))
		})
	}
	deep := []byte("\x02\x00\x0aonMetaData\x08\x00\x00\x00\x01\x00\x01a")
	deep = append(deep, bytes.Repeat([]byte{0x0a, 0, 0, 0, 1}, 100_000)...)
	require.Equal(t, map[string]any{"duration": 0.0}, decode(t, flv.CompleteMetadata(deep, nil, nil)))
}

func TestVideoOfOtherCodecs(t *testing.T) {
	for name, c := range map[string]struct {
		tag                  flv.Tag
		width, height, codec float64
	}{
		"HEVC, enhanced": {hevcHeader, 1280, 720, 0x68766331},
		"HEVC, legacy": {
			flv.Tag{Type: flv.Video, Body: append(body("1c 00 000000"), hevcHeader.Body[5:]...)}, 1280, 720, 12,
		},
		"H.263, 320x240":     {flv.Tag{Type: flv.Video, Body: body("12 00008402 92a6202021")}, 320, 240, 2},
		"H.263, its own":     {flv.Tag{Type: flv.Video, Body: body("12 00008400 281e119b 882283")}, 80, 60, 2},
		"H.263, its own, 16": {flv.Tag{Type: flv.Video, Body: body("12 00008400 814000b4 12a620")}, 640, 360, 2},
	} {
		t.Run(name, func(t *testing.T) {
			got := decode(t, flv.CompleteMetadata(nil, &c.tag, nil))
			require.Equal(t, c.width, got["width"])
			require.Equal(t, c.height, got["height"])
			require.Equal(t, c.codec, got["videocodecid"])
			require.NotZero(t, got["framerate"])
		})
	}
}

func TestOpus(t *testing.T) {
	opus := flv.Tag{Type: flv.Audio, Body: body("90 4f707573 4f70757348656164")}
	require.Equal(t, map[string]any{"duration": 0.0, "audiocodecid": float64(0x4f707573)},
		decode(t, flv.CompleteMetadata(nil, nil, &opus)))
}

func TestStreamKinds(t *testing.T) {
	for name, c := range map[string]struct {
		object       amf0.Object
		audio, video bool
	}{
		"nothing": {nil, false, false},
		"both":    {amf0.Object{{Key: "videocodecid", Value: 7.0}, {Key: "audiocodecid", Value: 10.0}}, true, true},
		"names":   {amf0.Object{{Key: "videocodecid", Value: "avc1"}}, false, true},
		"zero":    {amf0.Object{{Key: "width", Value: 0.0}, {Key: "audiosamplerate", Value: 8000.0}}, true, false},
		"flags":   {amf0.Object{{Key: "hasVideo", Value: true}, {Key: "hasAudio", Value: false}}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			audio, video := flv.StreamKinds(script(t, c.object))
			require.Equal(t, []bool{c.audio, c.video}, []bool{audio, video})
		})
	}
}

func TestWithDuration(t *testing.T) {
	live := flv.CompleteMetadata(nil, nil, nil)
	film := flv.WithDuration(live, 90*time.Second)
	require.True(t, (&flv.Tag{Type: flv.Script, Body: film}).IsMetadata())
	require.InDelta(t, 90.0, flv.ParseFileIndex(film).Duration, 0.001)
	require.Equal(t, live, flv.WithDuration(film, 0))
}
