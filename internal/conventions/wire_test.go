package conventions

import (
	"encoding/hex"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/wire"
)

func TestWirePageShowsRealMessages(t *testing.T) {
	track := slice.TrackID{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	want := []wire.Message{
		{Kind: wire.Hello, Version: wire.Version, Track: track, First: 40, Bitmap: []byte{0b101}},
		{Kind: wire.Hello, Version: wire.Version, Track: track, Flags: wire.NoUpload, Bitmap: []byte{}},
		{Kind: wire.Have, Numbers: []slice.Number{300, 301, 310}},
		{Kind: wire.Request, Number: 300, Within: 1500 * time.Millisecond},
		{Kind: wire.Request, Number: 300, Within: 1500 * time.Millisecond, Proved: true},
		{Kind: wire.Refuse, Number: 300, Reason: wire.Busy},
		{Kind: wire.Cancel, Number: 300},
		{Kind: wire.Data, Number: 300, Offset: wire.MaxFragment, Bytes: []byte("flv")},
		{Kind: wire.Ping, Nonce: 7},
		{Kind: wire.Pong, Nonce: 7},
		{Kind: wire.Bye, Reason: wire.Leaving},
		{Kind: wire.Offer, Number: 300},
	}
	page := string(read(t, "docs/wire.md"))
	var got []wire.Message
	for _, m := range regexp.MustCompile("(?m)^\\| .* \\| `([0-9a-f ]+)` \\|$").FindAllStringSubmatch(page, -1) {
		b, err := hex.DecodeString(strings.ReplaceAll(m[1], " ", ""))
		require.NoError(t, err, m[1])
		message, err := wire.Parse(b)
		require.NoError(t, err, m[1])
		require.Equal(t, b, wire.Append(nil, &message), m[1])
		got = append(got, message)
	}
	require.Equal(t, want, got)
	require.Contains(t, page, "# The wire format, version 1\n")
	require.EqualValues(t, 1, wire.Version)
}
