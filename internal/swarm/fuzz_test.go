package swarm

import (
	"testing"
	"time"

	"github.com/superp2p/superp2p/internal/signing"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/wire"
)

func FuzzEngineReceived(f *testing.F) {
	signer := signing.NewSigner([32]byte{1})
	verifier, _ := signing.NewVerifier(signer.PublicKey())
	track := slice.TrackID{7}
	hello := wire.Append(nil, &wire.Message{Kind: wire.Hello, Version: wire.Version, Track: track, First: 3, Bitmap: []byte{0xff}})
	f.Add(hello, []byte{byte(wire.Have), 4})
	f.Add(hello, wire.Append(nil, &wire.Message{Kind: wire.Request, Number: 4, Within: time.Second}))
	f.Add(hello, wire.Append(nil, &wire.Message{Kind: wire.Data, Number: 4, Bytes: []byte("x")}))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		now := time.UnixMilli(1_800_000_000_000)
		e := New(Config{
			Track: track, Verifier: verifier,
			Live: Live{Line: now.Add(-20 * time.Second), Edge: 79, EdgeTime: 19750 * time.Millisecond, Groups: []Group{{40, 10 * time.Second}}},
		}, now)
		e.Tick(now)
		e.LinkOpened(now, 1, PeerID{1})
		for _, m := range [][]byte{hello, a, b, a} {
			now = now.Add(100 * time.Millisecond)
			e.Received(now, 1, m)
			e.Tick(now)
			e.Actions()
		}
		s := e.Stats(now)
		if s.PeerBytes != 0 {
			t.Fatal("unproved bytes were taken in")
		}
	})
}
