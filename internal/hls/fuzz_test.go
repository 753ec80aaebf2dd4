package hls_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
)

func seeds(f *testing.F) {
	for _, b := range samples(f) {
		f.Add(b)
	}
	f.Add([]byte(head + "#EXT-X-DEFINE:QUERYPARAM=\"token\"\n#EXTINF:4,\n{$token}.ts"))
	f.Add([]byte("<html>"))
}

// FuzzParse looks for panics and for what Parse promises of what it takes.
func FuzzParse(f *testing.F) {
	seeds(f)
	u := at(f, base)
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := hls.Parse(b, u, hls.Options{})
		if err != nil {
			require.Nil(t, p)
			require.Equal(t, fault.SourceInvalid, fault.CodeOf(err))
			return
		}
		require.True(t, (p.Master == nil) != (p.Media == nil))
		if m := p.Media; m != nil {
			require.Positive(t, m.TargetDuration)
			for i, s := range m.Segments {
				require.Equal(t, m.Sequence+m.Skipped+int64(i), s.Sequence)
				require.NotEmpty(t, s.URI)
				require.False(t, s.Range.Offset < 0 || s.Range.Length < 0 || s.Duration < 0 || s.Start < 0)
			}
			var w hls.Window
			fresh, _, err := w.Update(p)
			if m.Skipped == 0 {
				require.NoError(t, err)
				require.Len(t, fresh, len(m.Segments))
				fresh, c, err := w.Update(p)
				require.NoError(t, err)
				require.Empty(t, fresh)
				require.False(t, c.Changed || c.Restarted)
			}
		}
	})
}

// FuzzRewrite looks for panics, and for bytes that change though nothing is replaced, and for references that Parse
// sees and Rewrite does not.
func FuzzRewrite(f *testing.F) {
	seeds(f)
	u := at(f, base)
	f.Fuzz(func(t *testing.T, b []byte) {
		p, parseErr := hls.Parse(b, u, hls.Options{})
		got, err := hls.Rewrite(b, u, hls.Options{}, raw)
		if err != nil {
			require.Equal(t, fault.SourceInvalid, fault.CodeOf(err))
			require.Error(t, parseErr)
			return
		}
		require.Equal(t, string(b), string(got))
		seen := 0
		changed, err := hls.Rewrite(b, u, hls.Options{}, func(hls.Reference) string { seen++; return "http://proxy/x" })
		require.NoError(t, err)
		again := 0
		_, err = hls.Rewrite(changed, u, hls.Options{Limits: hls.Limits{MaxBytes: 1 << 30, MaxLine: 1 << 20}}, func(r hls.Reference) string {
			again++
			require.Equal(t, "http://proxy/x", r.URL)
			return r.Raw
		})
		require.NoError(t, err)
		require.Equal(t, seen, again)
		if parseErr == nil {
			requireSeen(t, p, references(t, b, u))
		}
	})
}
