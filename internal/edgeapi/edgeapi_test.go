package edgeapi

import (
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/slice"
)

func TestResolutionIsOneFlatObject(t *testing.T) {
	r := Resolution{Stream: "live1", Key: []byte{1, 2}, Live: Live{State: StateLive, Groups: []Point{{Number: 3, Time: 4}}}}
	text, err := json.Marshal(r)
	require.NoError(t, err)
	require.JSONEq(t, `{"stream":"live1","track":"","swarm":"","key":"AQI=","now":0,"line":0,"rate":0,"bitrate":0,
		"edge":{"number":0,"time":0,"cut":0},"first":0,"groups":[{"number":3,"time":4}],"state":"live",
		"tracker":"","stun":null,"slices":""}`, string(text))
}

func TestSlicePathAndInfoHash(t *testing.T) {
	track := slice.TrackID{0xab}
	require.Equal(t, "/v1/tracks/ab000000000000000000000000000000/slices/7", SlicePath(SlicesTemplate, track, 7))
	hash := InfoHash(track)
	require.Equal(t, "30d0619f1bdd4e1297901c483fefe45f4f7b3e76", hex.EncodeToString(hash[:]))
}

func TestParseError(t *testing.T) {
	require.Equal(t, fault.New(fault.SliceGone, "m"), ParseError([]byte(`{"error":{"code":"slice_gone","message":"m"}}`)))
	for _, body := range []string{"", "<html>", "{}", `{"error":"x"}`} {
		require.Nil(t, ParseError([]byte(body)))
	}
}
