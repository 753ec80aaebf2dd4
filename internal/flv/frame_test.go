package flv_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/flv"
)

func TestFramesAreToldFromWhatIsAroundThem(t *testing.T) {
	for name, c := range map[string]struct {
		typ  flv.Type
		body []byte
		is   bool
	}{
		"H.264 keyframe":        {flv.Video, []byte{0x17, 1, 0, 0, 0, 1}, true},
		"H.264 frame":           {flv.Video, []byte{0x27, 1, 0, 0, 0, 1}, true},
		"H.264 sequence header": {flv.Video, []byte{0x17, 0, 0, 0, 0, 1}, false},
		"H.264 sequence end":    {flv.Video, []byte{0x17, 2, 0, 0, 0}, false},
		"seek command":          {flv.Video, []byte{0x57, 0}, false},
		"AAC frame":             {flv.Audio, []byte{0xaf, 1, 1}, true},
		"AAC header":            {flv.Audio, []byte{0xaf, 0, 1}, false},
		"nothing":               {flv.Audio, nil, false},
		"script":                {flv.Script, []byte{2, 0, 1, 'x'}, false},
	} {
		tag := flv.Tag{Type: c.typ, Body: c.body}
		require.Equal(t, c.is, tag.IsFrame(), name)
	}
}

func TestPictureSize(t *testing.T) {
	tag := flv.Tag{Type: flv.Script, Body: []byte("\x02\x00\x0aonMetaData\x03" +
		"\x00\x05width\x00\x40\x94\x00\x00\x00\x00\x00\x00" + // 1280
		"\x00\x06height\x00\x40\x86\x80\x00\x00\x00\x00\x00" + // 720
		"\x00\x00\x09")}
	w, h := tag.PictureSize()
	require.Equal(t, [2]int{1280, 720}, [2]int{w, h})

	tag = flv.Tag{Type: flv.Video, Body: []byte{0x12, 0, 0, 0x84, 1, 0, 0, 0, 0, 0}}
	w, h = tag.PictureSize()
	require.Equal(t, [2]int{352, 288}, [2]int{w, h}, "Sorenson CIF")

	tag = flv.Tag{Type: flv.Video, Body: []byte{0x17, 1, 0, 0, 0, 1}}
	w, h = tag.PictureSize()
	require.Zero(t, w+h)
}
