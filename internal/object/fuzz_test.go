package object

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzContentRange(f *testing.F) {
	for _, s := range []string{"bytes 0-9/10", "bytes */10", "bytes 0-9/*", "bytes 9-0/10", "bytes=0-1/2", "bytes 0-99999999999999999999/5", "bytes -1-2/3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, ok := parseContentRange(s)
		if !ok {
			return
		}
		if r.first < 0 {
			require.EqualValues(t, -1, r.first)
			require.GreaterOrEqual(t, r.size, int64(0))
			return
		}
		require.LessOrEqual(t, r.first, r.last)
		require.True(t, r.size == -1 || r.last < r.size)
	})
}
