package message

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// typical is an announce with five offers of the size that browsers make.
func typical() []byte {
	r := &Request{InfoHash: hash, PeerID: alex, NumWant: -1, Left: 1}
	for range 5 {
		sdp := AppendDescription(nil, "offer", strings.Repeat("a=candidate:842163049 1 udp 1677729535 ...\r\n", 22))
		r.Offers = append(r.Offers, Offer{one, sdp})
	}
	return AppendAnnounce(nil, r)
}

func BenchmarkParseAnnounce(b *testing.B) {
	text := typical()
	b.Run("scanner", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		var r Request
		for b.Loop() {
			require.NoError(b, ParseRequest(text, &r))
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			var r struct {
				Action   string          `json:"action"`
				InfoHash string          `json:"info_hash"`
				PeerID   string          `json:"peer_id"`
				Left     json.RawMessage `json:"left"`
				Offers   []struct {
					Offer   json.RawMessage `json:"offer"`
					OfferID string          `json:"offer_id"`
				} `json:"offers"`
			}
			require.NoError(b, json.Unmarshal(text, &r))
		}
	})
}
