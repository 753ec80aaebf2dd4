package hls_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/hls"
)

func TestWholeSegments(t *testing.T) {
	for in, want := range map[string]string{
		"":                "",
		"#EXTM3U\r\n1.ts": "#EXTM3U\r\n1.ts",
		"#EXT-X-PART-INF:PART-TARGET=1\r\n#EXT-X-PARTY:1\n": "#EXT-X-PARTY:1\n",
		"#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=12.0\n\n":     "\n",
		"  #EXT-X-SERVER-CONTROL: HOLD-BACK=9,X\n":          "",
		"#EXT-X-SERVER-CONTROL:X=1, HOLD-BACK = 9\r\n":      "#EXT-X-SERVER-CONTROL:HOLD-BACK=9\n",
	} {
		require.Equal(t, want, string(hls.WholeSegments([]byte(in))), "%q", in)
	}
}

// FuzzWholeSegments looks for a playlist whose segments are others without its parts.
func FuzzWholeSegments(f *testing.F) {
	seeds(f)
	u := at(f, base)
	f.Fuzz(func(t *testing.T, b []byte) {
		whole, err := hls.Parse(b, u, hls.Options{})
		if err != nil || whole.Media == nil || len(whole.Media.Segments) == 0 {
			return
		}
		got, err := hls.Parse(hls.WholeSegments(b), u, hls.Options{})
		require.NoError(t, err)
		require.Nil(t, got.Media.Open)
		require.Len(t, got.Media.Segments, len(whole.Media.Segments))
		for i, s := range got.Media.Segments {
			want := whole.Media.Segments[i]
			want.Parts = nil
			require.Equal(t, want, s)
		}
	})
}
