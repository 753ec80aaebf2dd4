package edge

import (
	"context"
	"encoding/binary"
	"math"
	"sync"
	"time"

	"github.com/zeebo/blake3"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/object"
	"github.com/superp2p/superp2p/internal/playlist"
	"github.com/superp2p/superp2p/internal/slice"
)

const (
	// maxSamples is how many segments of a complete playlist are asked for their size.
	maxSamples = 8
	// partSize is how large the parts of a segment half as large again as the largest that is known are, in bytes.
	partSize = 48 << 10
	// refreshAfter is how often a complete playlist may be loaded again because a segment is refused.
	refreshAfter = 5 * time.Second
)

// vod is what a file has that is the segments of a complete playlist.
type vod struct {
	load *playlist.Load // as it was found; for who asks for the playlist

	mu       sync.Mutex
	segments []hls.Segment

	refreshing sync.Mutex
	refreshed  time.Time
}

// list returns the segments, with the URLs that worked last.
func (v *vod) list() []hls.Segment {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.segments
}

func (v *vod) about() *edgeapi.Playlist {
	m := v.load.Playlist.Media
	return &edgeapi.Playlist{
		Kind: edgeapi.PlaylistVOD, Target: m.TargetDuration.Milliseconds(), URL: edgeapi.PlaylistTemplate, Sequence: m.Segments[0].Sequence,
	}
}

// openVOD makes a file of a complete playlist.
func (e *Edge) openVOD(ctx context.Context, t target, client *object.Client, load *playlist.Load) (*file, error) {
	list := load.Playlist.Media.Segments
	if len(list) == 0 {
		return nil, fault.New(fault.SourceInvalid, "the playlist is complete and has no segment; check what makes it")
	}
	least, most, mean, err := sizes(ctx, client, list, load.Playlist.Media.TargetDuration)
	if err != nil {
		return nil, err
	}
	parts, err := partsOf(len(list), least, most)
	if err != nil {
		return nil, err
	}
	f := &file{
		edge: e, target: t, client: client, groups: map[int]*block{}, slots: make(chan struct{}, groupsAtOnce),
		vod:   &vod{load: load, segments: list},
		about: edgeapi.File{Group: parts, Type: edgeapi.TypePlaylist, Proofs: edgeapi.ProofsTemplate},
	}
	total := time.Duration(0)
	for i := range list {
		f.about.Times = append(f.about.Times, total.Milliseconds())
		total += list[i].Duration
	}
	f.about.Duration = max(1, total.Milliseconds())
	f.rate = int64(float64(mean) * 8000 * float64(len(list)) / float64(f.about.Duration))
	f.track = e.vodTrack(t.id, list, parts)
	f.hash = edgeapi.InfoHash(f.track)
	f.log = e.config.Logger.With("file", t.id, "track", f.track.String())
	f.touch()
	return f, nil
}

// partsOf returns how many parts each of so many segments has, whose sizes are between least and most as far as is known.
func partsOf(segments int, least, most int64) (int, error) {
	parts := (most + most/2 + partSize - 1) / partSize
	parts = min(max(1, parts), slice.MaxEntries)
	// Of a smaller segment no proof can be made, but rather of that than of the larger ones.
	if least = max(1, least); most <= least*slice.MaxPayload {
		parts = min(parts, least)
	}
	if parts*int64(segments) > edgeapi.MaxSlices {
		parts = int64(edgeapi.MaxSlices / segments)
		if parts < 1 || most > parts*slice.MaxPayload {
			return 0, fault.New(fault.SourceInvalid, "the playlist is larger than can be shared; play it from the origin")
		}
	}
	return int(parts), nil
}

// sizes returns what is known of the sizes of segments: that of the smallest, of the largest, and what one has in the middle.
// Byte ranges tell; of others some are asked for. The error is why, if none of those can be had.
func sizes(ctx context.Context, client *object.Client, list []hls.Segment, target time.Duration) (least, most, mean int64, err error) {
	var (
		tasks  sync.WaitGroup
		mu     sync.Mutex
		total  int64
		known  int64
		failed error
	)
	least = math.MaxInt64
	add := func(size int64) {
		least, most, total, known = min(least, size), max(most, size), total+size, known+1
	}
	var ask []int
	for i := range list {
		switch {
		case list[i].Gap:
		case list[i].Range.Length > 0:
			add(list[i].Range.Length)
		default:
			ask = append(ask, i)
		}
	}
	samples := min(maxSamples, len(ask))
	for i := range samples {
		uri := list[ask[i*len(ask)/samples]].URI
		tasks.Go(func() {
			o, err := client.Open(ctx, uri)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = err
			} else if o.Size > 0 {
				add(o.Size)
			}
		})
	}
	tasks.Wait()
	switch {
	case known > 0:
		return least, most, total / known, nil
	case failed != nil:
		return 0, 0, 0, failed
	}
	guess := max(1, int64(target.Seconds()*guessedRate))
	return guess, guess, guess, nil
}

// vodTrack names the track of a complete playlist: the same for the same segments as long as the server's key is the same.
func (e *Edge) vodTrack(id string, list []hls.Segment, parts int) slice.TrackID {
	h := blake3.New()
	_, _ = h.Write(e.config.Signer.PublicKey())
	var b []byte
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	text("playlist")
	text(id)
	b = binary.AppendUvarint(b, uint64(parts))
	for i := range list {
		g := &list[i]
		text(pathOf(g.URI))
		for _, n := range []int64{g.Range.Offset, g.Range.Length, int64(g.Duration)} {
			b = binary.AppendUvarint(b, uint64(n))
		}
	}
	_, _ = h.Write(b)
	return slice.TrackID(h.Sum(nil)[:16])
}

// segment returns the bytes of segment g of a complete playlist, by the playlist that another viewer's URL leads to if the
// segment is refused.
func (f *file) segment(ctx context.Context, g int) ([]byte, error) {
	one := f.vod.list()[g]
	limit := min(maxSegment, f.about.Group*slice.MaxPayload)
	data, err := fetchSegment(ctx, f.client, &one, limit)
	if fault.CodeOf(err) == fault.SourceRefused && f.refresh(ctx) {
		if other := f.vod.list()[g]; other.URI != one.URI {
			data, err = fetchSegment(ctx, f.client, &other, limit)
		}
	}
	if err == nil && len(data) < f.about.Group {
		err = fault.New(fault.SourceInvalid, "the segment is too small to be shared in so many parts; fetch it from the origin")
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}

// refresh loads the playlist again, from the newest URL first; it tells whether the segments' URLs may be others now.
func (f *file) refresh(ctx context.Context) bool {
	v := f.vod
	v.refreshing.Lock() // those who are refused meanwhile wait for it
	defer v.refreshing.Unlock()
	if f.edge.config.Now().Sub(v.refreshed) < refreshAfter {
		return true
	}
	defer func() { v.refreshed = f.edge.config.Now() }()
	f.mu.Lock()
	urls := append([]string(nil), f.urls...)
	f.mu.Unlock()
	for i := len(urls) - 1; i >= 0; i-- {
		l, err := playlist.Get(ctx, f.client, urls[i], hls.Options{})
		if err != nil || l.Playlist.Media == nil {
			continue
		}
		list := l.Playlist.Media.Segments
		if len(list) == len(f.about.Times) && f.edge.vodTrack(f.id, list, f.about.Group) == f.track {
			v.mu.Lock()
			v.segments = list
			v.mu.Unlock()
			return true
		}
	}
	return false
}
