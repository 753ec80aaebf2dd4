package flv_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/flv"
)

func TestParseFileIndex(t *testing.T) {
	key := func(s string) string { return string([]byte{0, byte(len(s))}) + s }
	number := func(v float64) string {
		return string(binary.BigEndian.AppendUint64([]byte{0}, math.Float64bits(v)))
	}
	list := func(count byte, all ...string) string {
		s := string([]byte{0x0a, 0, 0, 0, count})
		for _, v := range all {
			s += v
		}
		return s
	}
	end := "\x00\x00\x09"
	body := func(keyframes string) []byte {
		return []byte("\x02\x00\x0aonMetaData\x08\x00\x00\x00\x02" + key("duration") + number(9.5) + key("keyframes") + keyframes + end)
	}
	places, times := key("filepositions")+list(2, number(100), number(5e9)), key("times")+list(2, number(0), number(2.5))
	want := flv.FileIndex{Duration: 9.5, Times: []float64{0, 2.5}, Positions: []float64{100, 5e9}}
	require.Equal(t, want, flv.ParseFileIndex(body("\x03"+places+times+end)))
	require.Equal(t, want, flv.ParseFileIndex(body("\x08\x00\x00\x00\x02"+times+places+end)), "an ECMA array serves")
	one := flv.ParseFileIndex(body("\x03" + key("times") + list(1, number(1)) + places + end))
	require.Equal(t, []float64{1}, one.Times, "as many as both have")
	require.Equal(t, []float64{100}, one.Positions)
	require.Empty(t, flv.ParseFileIndex(body("\x03"+places+end)).Positions)
	require.Empty(t, flv.ParseFileIndex(body(number(1))).Times)
	require.Empty(t, flv.ParseFileIndex(body("\x03"+key("times")+list(2, "\x01\x01", number(1))+places+end)).Times, "no number")
	require.Equal(t, flv.FileIndex{}, flv.ParseFileIndex(nil))
}
