package message

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func seed(f *testing.F) {
	f.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	require.NoError(f, err)
	for _, name := range files {
		b, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Add([]byte(`{"left":null,"numwant":"5","event":"","offers":null,"x":[-0.5e+3,true,false,{}]}`))
}

// What is read is well-formed for others too, because it is relayed to them as it is.
func FuzzParseRequest(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		var r, back Request
		if ParseRequest(b, &r) != nil {
			return
		}
		require.True(t, json.Valid(b), "accepted what is no JSON")
		if r.Action == Scrape {
			return
		}
		relayed := [][]byte{AppendAnnounce(nil, &r)}
		for _, o := range r.Offers {
			relayed = append(relayed, AppendOffer(nil, &r.InfoHash, &r.PeerID, &o.ID, o.SDP, r.Extra))
		}
		for _, message := range relayed {
			require.True(t, json.Valid(message), "%s", message)
		}
		require.NoError(t, ParseRequest(relayed[0], &back))
		require.Equal(t, r.InfoHash, back.InfoHash)
		require.Equal(t, r.PeerID, back.PeerID)
		if r.Answer == nil {
			require.Equal(t, r.Offers, back.Offers)
		}
	})
}

// Whether a text is JSON is judged as encoding/json does, except for nesting, which we bound more tightly.
func FuzzSkip(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		s := scanner{b: b}
		_, ok := s.skip(0)
		ok = ok && s.next() == 0 && s.i == len(b)
		if ok {
			require.True(t, json.Valid(b))
		} else if json.Valid(b) {
			depth, deepest := 0, 0
			for _, c := range b {
				switch c {
				case '[', '{':
					depth++
				case ']', '}':
					depth--
				}
				deepest = max(deepest, depth)
			}
			require.Greater(t, deepest, maxDepth, "refused what is JSON")
		}
	})
}

func FuzzParseResponse(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		var r Response
		if ParseResponse(b, &r) != nil {
			return
		}
		require.True(t, json.Valid(b), "accepted what is no JSON")
		for _, d := range [][]byte{r.Offer, r.Answer} {
			if sdp, ok := ParseDescription(d); ok {
				again, ok := ParseDescription(AppendDescription(nil, "offer", sdp))
				require.True(t, ok)
				require.Equal(t, sdp, again)
			}
		}
	})
}
