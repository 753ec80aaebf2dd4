package edgeclient

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/signing"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/swarm"
)

// Resolution is a server's answer to where a stream is, checked and in terms of the viewer's own clock.
type Resolution struct {
	Stream   string // the stream's identity at the server
	Track    slice.TrackID
	InfoHash [20]byte
	Verifier *signing.Verifier
	Live     swarm.Live
	// ClockOffset is what must be added to the edge's clock to get the viewer's.
	ClockOffset time.Duration
	State       edgeapi.State
	Bitrate     int64    // bit/s of payload over the last 10 s
	Tracker     string   // absolute ws(s) URL, "" if there is none
	STUN        []string // "stun:host:port"
	Slices      string   // template
	File        *File    // nil of a live track
	// Playlist is there of what is an HLS playlist. Of a master playlist there is nothing else but Stream.
	Playlist *edgeapi.Playlist
}

// The limits of a resolution.
const (
	maxGroups = 10000
	maxSTUN   = 4
)

// Resolve asks where the stream target is: a URL with "://" or a channel id. The server may take up to 8 s to get it
// going. It fails with what the server says, server_unreachable, or server_invalid.
func (c *Client) Resolve(ctx context.Context, target string) (*Resolution, error) {
	u, err := c.url(edgeapi.ResolvePath)
	if err != nil {
		return nil, err
	}
	key := "channel"
	if strings.Contains(target, "://") {
		key = "url"
	}
	u.RawQuery = url.Values{key: {target}}.Encode()

	// How long the answer was on its way tells how old its "now" is. The request itself may have waited at the
	// server, so it is the shorter of that and of setting up the connection.
	var asked, answered, dialing, dialed atomic.Int64 // ns since begin
	begin := c.now()
	since := func() int64 { return max(1, int64(c.now().Sub(begin))) }
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		ConnectStart:         func(string, string) { dialing.Store(since()) },
		ConnectDone:          func(string, string, error) { dialed.Store(since()) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { asked.Store(since()) },
		GotFirstResponseByte: func() { answered.Store(since()) },
	})
	body, err := c.get(ctx, u, http.Header{}, "application/json", maxJSON)
	if err != nil {
		return nil, err
	}
	at := c.now()
	if n := answered.Load(); n > 0 {
		at = begin.Add(time.Duration(n))
	}
	trip := time.Duration(answered.Load() - asked.Load())
	if d := time.Duration(dialed.Load() - dialing.Load()); dialing.Load() > 0 && d > 0 {
		trip = min(trip, d)
	}
	var r edgeapi.Resolution
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, fault.Wrap(fault.ServerInvalid, "the server's answer breaks the interface", err)
	}
	return c.check(&r, at, max(0, trip)/2)
}

// check turns an answer, which left the server age before at, into a Resolution.
func (c *Client) check(r *edgeapi.Resolution, at time.Time, age time.Duration) (*Resolution, error) {
	invalid := func(what string) (*Resolution, error) {
		return nil, fault.New(fault.ServerInvalid, "the server's answer breaks the interface: "+what)
	}
	out := &Resolution{
		Stream: r.Stream, State: r.State, Bitrate: max(0, r.Bitrate), Slices: r.Slices,
		ClockOffset: at.Add(-age).Sub(time.UnixMilli(r.Now)),
	}
	var ok bool
	if out.Playlist, ok = checkPlaylist(r); !ok {
		return invalid("it describes a playlist that cannot be")
	}
	if out.Playlist != nil && out.Playlist.Kind == edgeapi.PlaylistMaster {
		return out, nil
	}
	if out.Track, ok = slice.ParseTrackID(r.Track); !ok {
		return invalid("track is not 32 hex digits")
	}
	out.InfoHash = edgeapi.InfoHash(out.Track)
	if out.Verifier, ok = signing.NewVerifier(r.Key); !ok {
		return invalid("key is not 32 bytes")
	}
	if !strings.Contains(r.Slices, "{number}") {
		return invalid("slices holds no {number}")
	}
	if r.File != nil {
		if out.File, ok = checkFile(r.File, r.Playlist != nil); !ok {
			return invalid("it describes a file that cannot be")
		}
	} else if len(r.Groups) == 0 || len(r.Groups) > maxGroups {
		return invalid("it names no group, or too many")
	}
	if r.Rate < 0 || r.Rate > 1000 || math.IsNaN(r.Rate) {
		return invalid("rate is not within 0 to 1000")
	}
	// The range of a track's time, 2,000 years, so that sums of times below do not overflow.
	const limit = 1 << 46
	if r.Edge.Number > 1<<48 || r.Now < 0 || r.Now > limit || r.Line < -limit || r.Line > limit || r.Edge.Time < 0 || r.Edge.Time > limit {
		return invalid("a time or number is out of range")
	}
	out.Live = swarm.Live{
		Line: time.UnixMilli(r.Line).Add(out.ClockOffset), Rate: r.Rate, Crowd: r.Crowd,
		Edge: r.Edge.Number, EdgeTime: time.Duration(r.Edge.Time) * time.Millisecond,
		Groups: make([]swarm.Group, len(r.Groups)),
	}
	for i, g := range r.Groups {
		if g.Time < 0 || g.Time > limit || g.Number > r.Edge.Number || i > 0 && g.Number <= r.Groups[i-1].Number {
			return invalid("groups are not in order up to the live edge")
		}
		out.Live.Groups[i] = swarm.Group{Number: g.Number, Time: time.Duration(g.Time) * time.Millisecond}
	}
	if r.Tracker != "" {
		u, err := c.trackerURL(r.Tracker)
		if err != nil {
			return nil, err
		}
		out.Tracker = u
	}
	for _, s := range r.STUN {
		if strings.HasPrefix(s, "stun:") && len(s) < 300 && len(out.STUN) < maxSTUN {
			out.STUN = append(out.STUN, s)
		}
	}
	return out, nil
}

// trackerURL makes the tracker's address absolute, with the scheme of a WebSocket.
func (c *Client) trackerURL(ref string) (string, error) {
	if scheme, rest, ok := strings.Cut(ref, "://"); ok && (scheme == "ws" || scheme == "wss") && rest != "" {
		return ref, nil
	}
	u, err := c.url(ref)
	if err != nil {
		return "", err
	}
	u.Scheme = "ws" + strings.TrimPrefix(u.Scheme, "http")
	return u.String(), nil
}
