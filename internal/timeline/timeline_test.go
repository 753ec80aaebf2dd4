package timeline_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/origin"
	"github.com/superp2p/superp2p/internal/signing"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/slicer"
	"github.com/superp2p/superp2p/internal/timeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// edge cuts, numbers and signs as an edge does.
type edge struct {
	track  slice.TrackID
	slicer *slicer.Slicer
	signer *signing.Signer
	next   slice.Number
	group  slice.Number
}

func newEdge(track byte) *edge {
	return &edge{
		track: slice.TrackID{track}, slicer: slicer.New(slicer.Config{}), signer: signing.NewSigner([32]byte{1}),
	}
}

func (e *edge) push(tags ...flv.Tag) []*slice.Slice {
	var cuts []slicer.Cut
	for _, t := range tags {
		cuts = append(cuts, e.slicer.Push(t)...)
	}
	return e.number(cuts)
}

func (e *edge) flush() []*slice.Slice { return e.number(e.slicer.Flush()) }

func (e *edge) number(cuts []slicer.Cut) (all []*slice.Slice) {
	for _, c := range cuts {
		if c.StartsGroup {
			e.group = e.next
		}
		all = append(all, &slice.Slice{Number: e.next, Payload: c.Payload, Proof: e.signer.Sign(slice.Statement{
			Track: e.track, Group: e.group, First: e.next, Time: c.Time, Duration: c.Duration, Flags: c.Flags,
			Cut: time.UnixMilli(0), Entries: []slice.Entry{{Size: uint32(len(c.Payload)), Digest: signing.Sum(c.Payload)}},
		})})
		e.next++
	}
	return all
}

// loop returns the clip's headers and n tags of media, from a keyframe on.
func loop(first int64, n int) (headers, media []flv.Tag) {
	l := origin.NewLoop(1_500_000, first, time.Unix(0, 0))
	for len(media) < n {
		if t, _ := l.Next(); len(media) > 0 || t.IsKeyframe() {
			media = append(media, t)
		}
	}
	return l.Headers(), media
}

func all(t *testing.T, r *timeline.Reader) (tags []flv.Tag) {
	for {
		tag, err := r.ReadTag()
		if errors.Is(err, io.EOF) {
			return tags
		}
		require.NoError(t, err)
		tags = append(tags, tag)
	}
}

// onlyMedia returns digests of the bodies of audio and video, which say less when they differ.
func onlyMedia(tags []flv.Tag) (bodies []slice.Digest) {
	for _, t := range tags {
		if t.IsMedia() {
			bodies = append(bodies, signing.Sum(t.Body))
		}
	}
	return bodies
}

// What a reader gets is what the origin sent from the group on where the reader started, bit for bit.
func TestBitForBit(t *testing.T) {
	headers, media := loop(1<<32-1000, 1200)
	e, line := newEdge(1), timeline.New(timeline.Config{Window: time.Minute})
	fromFirst := line.NewReader()
	for _, s := range e.push(append(headers, media[:300]...)...) {
		require.NoError(t, line.Append(s))
	}
	fromNewest := line.NewReader()
	go func() {
		for _, s := range append(e.push(media[300:]...), e.flush()...) {
			_ = line.Append(s)
		}
		line.Close(nil)
	}()
	got := all(t, fromFirst)
	require.Equal(t, onlyMedia(media), onlyMedia(got))
	require.True(t, got[0].IsMetadata())
	require.Equal(t, headers[1].Body, got[1].Body)
	require.Equal(t, headers[2].Body, got[2].Body)
	require.Len(t, got, 3+len(media), "headers come once")
	for i := range media {
		require.Equal(t, max(int32(media[i].Timestamp-media[0].Timestamp), 0), int32(got[3+i].Timestamp))
	}

	late := all(t, fromNewest)
	require.True(t, late[3].IsKeyframe())
	require.Zero(t, late[3].Timestamp, "each reader's time begins at 0")
	n := len(media) - len(late) + 3
	require.Equal(t, onlyMedia(media[n:]), onlyMedia(late))
	require.Greater(t, n, 100)
	require.Zero(t, fromFirst.Skipped())
}

func TestFLVOutput(t *testing.T) {
	headers, media := loop(5000, 300)
	headers = headers[1:] // a source without onMetaData
	e, line := newEdge(1), timeline.New(timeline.Config{})
	for _, s := range append(e.push(append(headers, media...)...), e.flush()...) {
		require.NoError(t, line.Append(s))
	}
	line.Close(nil)
	file, err := io.ReadAll(line.NewReaderFromOldest())
	require.NoError(t, err)
	require.Equal(t, flv.AppendHeader(nil, true, true), file[:flv.HeaderSize])
	r := flv.NewReader(bytes.NewReader(file), flv.Limits{})
	first, err := r.ReadTag()
	require.NoError(t, err)
	require.True(t, first.IsMetadata())
	for _, key := range []string{"width", "height", "videocodecid", "framerate", "duration", "audiocodecid"} {
		require.Contains(t, string(first.Body), key)
	}
}

// A reader that waits gets what comes, one that is closed stops, and the end is told.
func TestWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		headers, media := loop(0, 100)
		e, line := newEdge(1), timeline.New(timeline.Config{})
		r, closed := line.NewReader(), line.NewReader()
		got, failed := make(chan flv.Tag, 1000), make(chan error, 2)
		read := func(r *timeline.Reader) {
			for {
				tag, err := r.ReadTag()
				if err != nil {
					failed <- err
					return
				}
				got <- tag
			}
		}
		go read(r)
		synctest.Wait()
		require.Empty(t, got)
		slices := append(e.push(append(headers, media...)...), e.flush()...)
		for _, s := range slices[:2] {
			require.NoError(t, line.Append(s))
		}
		synctest.Wait()
		require.NotEmpty(t, got)
		go read(closed)
		synctest.Wait()
		require.NoError(t, closed.Close())
		require.NoError(t, closed.Close())
		require.Equal(t, fault.Closed, fault.CodeOf(<-failed))
		line.Close(fault.New(fault.SourceEnded, "over"))
		require.Equal(t, fault.SourceEnded, fault.CodeOf(<-failed))
		require.Equal(t, fault.Closed, fault.CodeOf(line.Append(slices[2])))
	})
}

func TestSlowReaderJumps(t *testing.T) {
	headers, media := loop(0, 3000) // about 44 s
	e, line := newEdge(1), timeline.New(timeline.Config{Window: 5 * time.Second})
	slow := line.NewReader()
	for _, s := range e.push(append(headers, media[:100]...)...) {
		require.NoError(t, line.Append(s))
	}
	for range 20 {
		_, err := slow.ReadTag()
		require.NoError(t, err)
	}
	last, err := slow.ReadTag()
	require.NoError(t, err)
	for _, s := range append(e.push(media[100:]...), e.flush()...) {
		require.NoError(t, line.Append(s), "nobody waits for the slow one")
	}
	line.Close(nil)
	rest := all(t, slow)
	require.EqualValues(t, 1, slow.Skipped())
	require.True(t, rest[0].IsMetadata())
	media1 := onlyMedia(rest)
	require.Equal(t, onlyMedia(media[len(media)-len(media1):]), media1, "it goes on with the newest group")
	require.InDelta(t, last.Timestamp, rest[0].Timestamp, 80, "without a hole in time")
	for i := 1; i < len(rest); i++ {
		require.InDelta(t, rest[i-1].Timestamp, rest[i].Timestamp, 80)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	e, line := newEdge(1), timeline.New(timeline.Config{MaxBytes: 100_000})
	r := line.NewReader()
	frame := func(ts uint32, first byte) flv.Tag {
		return flv.Tag{Type: flv.Video, Timestamp: ts, Body: append([]byte{first, 1, 0, 0, 0}, make([]byte, 5000)...)}
	}
	for _, s := range e.push(frame(0, 0x17)) {
		require.NoError(t, line.Append(s))
	}
	for ts := uint32(40); ts < 40_000; ts += 40 { // one group that is far larger than the limit
		for _, s := range e.push(frame(ts, 0x27)) {
			require.NoError(t, line.Append(s))
		}
	}
	require.LessOrEqual(t, line.Bytes(), 100_000+slice.MaxPayload)
	late := line.NewReader()
	for _, s := range append(e.push(frame(40_000, 0x17)), e.flush()...) {
		require.NoError(t, line.Append(s))
	}
	line.Close(nil)
	for _, r := range []*timeline.Reader{r, late} {
		tags := all(t, r)
		require.Len(t, tags, 2, "onMetaData and the keyframe that came at last")
		require.True(t, tags[1].IsKeyframe())
	}
}

// After a resolve there may be another track, and a slice may be lost: time goes on, headers come when they differ.
func TestAnotherTrackTakesOver(t *testing.T) {
	headers, media := loop(0, 400)
	a, b := newEdge(1), newEdge(2)
	line := timeline.New(timeline.Config{})
	r := line.NewReader()
	first := append(a.push(append(headers, media[:200]...)...), a.flush()...)
	for _, s := range first {
		require.NoError(t, line.Append(s))
		require.NoError(t, line.Append(s), "twice is once")
	}
	changed := append([]flv.Tag(nil), headers...)
	changed[2].Body = append([]byte(nil), headers[2].Body...)
	changed[2].Body[3] ^= 1
	second := append(b.push(append(changed, media[200:]...)...), b.flush()...)
	require.NoError(t, line.Append(second[1]), "in the middle of a group nothing can start")
	require.EqualValues(t, 1, line.Dropped())
	b2 := newEdge(3)
	for _, s := range append(b2.push(append(changed, media[200:]...)...), b2.flush()...) {
		require.NoError(t, line.Append(s))
	}
	line.Close(nil)
	got := all(t, r)
	var inline int
	for i := 1; i < len(got); i++ {
		require.InDelta(t, got[i-1].Timestamp, got[i].Timestamp, 90)
		if i > 10 && got[i].IsSequenceHeader() {
			inline++
		}
	}
	require.Equal(t, 2, inline)
}

func TestLostSlices(t *testing.T) {
	headers, media := loop(0, 600)
	e, line := newEdge(1), timeline.New(timeline.Config{})
	r := line.NewReader()
	for _, s := range append(e.push(append(headers, media...)...), e.flush()...) {
		if s.Number != 3 {
			require.NoError(t, line.Append(s))
		}
	}
	line.Close(nil)
	require.Positive(t, line.Dropped())
	got := all(t, r)
	var lastVideo flv.Tag
	for i := 3; i < len(got); i++ {
		require.InDelta(t, got[i-1].Timestamp, got[i].Timestamp, 90, "no hole in time")
		if got[i].Type == flv.Video {
			if m, ok := origin.ParseMark(&got[i]); ok && lastVideo.Body != nil {
				before, _ := origin.ParseMark(&lastVideo)
				require.True(t, m.Sequence == before.Sequence+1 || got[i].IsKeyframe(), "play goes on with a keyframe")
			}
			lastVideo = got[i]
		}
	}
}

func TestDamagedPayload(t *testing.T) {
	headers, media := loop(0, 300)
	e, line := newEdge(1), timeline.New(timeline.Config{})
	for i, s := range e.push(append(headers, media...)...) {
		if i == 2 {
			s.Payload = []byte("garbage that somebody signed")
			require.Equal(t, fault.ServerInvalid, fault.CodeOf(line.Append(s)))
			continue
		}
		require.NoError(t, line.Append(s))
	}
}

func TestReadersBeginBehind(t *testing.T) {
	headers, media := loop(0, 600)
	e, line := newEdge(1), timeline.New(timeline.Config{Window: time.Minute})
	for _, s := range append(e.push(append(headers, media...)...), e.flush()...) {
		require.NoError(t, line.Append(s))
	}
	readers := map[time.Duration]*timeline.Reader{}
	for _, d := range []time.Duration{0, time.Second, 4 * time.Second, time.Hour} {
		readers[d] = line.NewReaderBehind(d)
	}
	line.Close(nil)
	last := time.Duration(media[len(media)-1].Timestamp-media[0].Timestamp) * time.Millisecond
	for d, r := range readers {
		got := all(t, r)
		require.True(t, got[3].IsKeyframe())
		behind := time.Duration(got[len(got)-1].Timestamp) * time.Millisecond
		require.GreaterOrEqual(t, behind+100*time.Millisecond, min(d, last), "as far as asked, or all")
		require.Less(t, behind, min(d, last)+3*time.Second, "and no group more")
	}
}
