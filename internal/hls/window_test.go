package hls_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
)

// live makes a live playlist of the segments from first on, as an origin that names them by prefix and number.
func live(t require.TestingT, prefix string, first, count int, extra ...string) *hls.Playlist {
	text := fmt.Sprintf("%s#EXT-X-MEDIA-SEQUENCE:%d\n", head, first)
	for n := first; n < first+count; n++ {
		text += fmt.Sprintf("#EXTINF:4,\n%s%d.ts\n", prefix, n)
	}
	p, err := hls.Parse([]byte(text+strings.Join(extra, "")), nil, hls.Options{})
	require.NoError(t, err)
	return p
}

func numbers(segments []hls.Segment) (all []int) {
	for _, s := range segments {
		all = append(all, int(s.Sequence))
	}
	return all
}

// step is one load of a playlist and what is to come of it.
type step struct {
	playlist *hls.Playlist
	fresh    []int
	change   hls.Change
}

func follow(t *testing.T, steps ...step) {
	t.Helper()
	var w hls.Window
	for i, s := range steps {
		fresh, c, err := w.Update(s.playlist)
		require.NoError(t, err)
		require.Equal(t, s.fresh, numbers(fresh), "step %d", i)
		require.Equal(t, s.change, c, "step %d", i)
	}
}

func TestWindowFollowsALivePlaylistToItsEnd(t *testing.T) {
	follow(t,
		step{live(t, "a", 7, 3), []int{7, 8, 9}, hls.Change{Changed: true}},
		step{live(t, "a", 7, 3), nil, hls.Change{Unchanged: 1}},
		step{live(t, "a", 8, 3), []int{10}, hls.Change{Changed: true}},
		step{live(t, "a", 8, 5), []int{11, 12}, hls.Change{Changed: true}},
		step{live(t, "a", 8, 5, "#EXT-X-ENDLIST\n"), nil, hls.Change{Changed: true, Ended: true}},
		step{live(t, "a", 8, 5, "#EXT-X-ENDLIST\n"), nil, hls.Change{Unchanged: 1, Ended: true}},
	)
}

func TestWindowCountsLostSegments(t *testing.T) {
	follow(t,
		step{live(t, "a", 7, 3), []int{7, 8, 9}, hls.Change{Changed: true}},
		step{live(t, "a", 10, 3), []int{10, 11, 12}, hls.Change{Changed: true}},
		step{live(t, "a", 20, 3), []int{20, 21, 22}, hls.Change{Changed: true, Lost: 7}},
		step{live(t, "a", 30, 0), nil, hls.Change{Changed: true, Lost: 7}},
		step{live(t, "a", 30, 1), []int{30}, hls.Change{Changed: true}},
	)
}

func TestWindowSeesARestartedOrigin(t *testing.T) {
	follow(t,
		step{live(t, "a", 70, 3), []int{70, 71, 72}, hls.Change{Changed: true}},
		step{live(t, "a", 0, 1), []int{0}, hls.Change{Changed: true, Restarted: true, Epoch: 1}},
		step{live(t, "a", 0, 2), []int{1}, hls.Change{Changed: true, Epoch: 1}},
		step{live(t, "b", 0, 3), []int{0, 1, 2}, hls.Change{Changed: true, Restarted: true, Epoch: 2}},
		step{live(t, "b", 0, 0), nil, hls.Change{Stale: true, Unchanged: 1, Epoch: 2}},
	)
}

func TestWindowPutsAStalePlaylistAside(t *testing.T) {
	old, now := live(t, "a", 6, 3), live(t, "a", 7, 3)
	stale := func(n int) step { return step{old, nil, hls.Change{Stale: true, Unchanged: n}} }
	follow(t,
		step{now, []int{7, 8, 9}, hls.Change{Changed: true}},
		stale(1), stale(2), stale(3),
		step{now, nil, hls.Change{Unchanged: 4}},
		stale(5),
		step{live(t, "a", 8, 3), []int{10}, hls.Change{Changed: true}},
	)
	follow(t,
		step{now, []int{7, 8, 9}, hls.Change{Changed: true}},
		stale(1), stale(2), stale(3),
		step{old, []int{6, 7, 8}, hls.Change{Changed: true, Restarted: true, Epoch: 1}},
	)
}

func TestWindowSaysThatAPlaylistIsStuck(t *testing.T) {
	var w hls.Window
	for i := range 9 {
		_, c, err := w.Update(live(t, "a", 7, 3))
		require.NoError(t, err)
		require.Equal(t, i, c.Unchanged)
		require.Equal(t, i >= 6, c.Stuck)
	}
}

func TestWindowTakesANewSignatureOrHostForTheSameSegment(t *testing.T) {
	signed := func(host, sign string, first int) *hls.Playlist {
		p := live(t, "http://"+host+"/s", first, 3)
		for i := range p.Media.Segments {
			p.Media.Segments[i].URI += "?sign=" + sign
		}
		return p
	}
	follow(t,
		step{signed("a", "1", 7), []int{7, 8, 9}, hls.Change{Changed: true}},
		step{signed("b", "2", 8), []int{10}, hls.Change{Changed: true}},
	)
	w := hls.Window{Same: func(a, b *hls.Segment) bool { return a.URI == b.URI }}
	_, _, err := w.Update(signed("a", "1", 7))
	require.NoError(t, err)
	_, c, err := w.Update(signed("a", "2", 7))
	require.NoError(t, err)
	require.True(t, c.Restarted)
}

func TestWindowTellsByteRangesOfOneFileApart(t *testing.T) {
	file := func(offset int) *hls.Playlist {
		return parse(t, head+fmt.Sprintf("#EXT-X-BYTERANGE:5@%d\n", offset)+one)
	}
	follow(t,
		step{file(0), []int{0}, hls.Change{Changed: true}},
		step{file(0), nil, hls.Change{Unchanged: 1}},
		step{file(5), []int{0}, hls.Change{Changed: true, Restarted: true, Epoch: 1}},
	)
}

func TestWindowCountsNewPartsAsChange(t *testing.T) {
	part := "#EXT-X-PART:DURATION=1,URI=\"p\"\n"
	follow(t,
		step{live(t, "a", 7, 3), []int{7, 8, 9}, hls.Change{Changed: true}},
		step{live(t, "a", 7, 3, part), nil, hls.Change{Changed: true}},
		step{live(t, "a", 7, 3, part), nil, hls.Change{Unchanged: 1}},
		step{live(t, "a", 7, 3, part, part), nil, hls.Change{Changed: true}},
	)
}

func TestWindowCompletesADeltaUpdate(t *testing.T) {
	all := samples(t)
	whole, delta := parse(t, string(all["testdata/low-latency.m3u8"])), parse(t, string(all["testdata/low-latency-delta.m3u8"]))
	var w hls.Window
	_, _, err := w.Update(delta)
	require.ErrorIs(t, err, hls.ErrSkipped)
	require.Equal(t, fault.SourceInvalid, fault.CodeOf(err))
	_, _, err = w.Update(whole)
	require.NoError(t, err)
	fresh, c, err := w.Update(delta)
	require.NoError(t, err)
	require.Equal(t, hls.Change{Changed: true}, c)
	require.Equal(t, []int{269}, numbers(fresh))
	require.Equal(t, []int{266, 267, 268, 269}, numbers(w.Segments()))
	require.Equal(t, "https://origin.example/live/x/init.mp4", fresh[0].Map.URI, "the map stood in the skipped lines")
	require.Equal(t, 9000180*time.Microsecond, fresh[0].Start)
	require.Equal(t, "2026-02-14T02:13:45.10618Z", fresh[0].ProgramTime.Format(time.RFC3339Nano))

	require.EqualValues(t, 270, w.Open().Sequence)
	require.Equal(t, fresh[0].Map, w.Open().Map)
	require.True(t, w.Open().Discontinuity)
	require.Equal(t, fresh[0].DiscSequence+1, w.Open().DiscSequence)
	require.Equal(t, 333340*time.Microsecond, w.Open().Duration)

	far := *delta
	media := *delta.Media
	media.Sequence, far.Media = 300, &media
	_, _, err = w.Update(&far)
	require.ErrorIs(t, err, hls.ErrSkipped)
	require.Equal(t, []int{266, 267, 268, 269}, numbers(w.Segments()))
}

func TestWindowRefusesAMasterPlaylist(t *testing.T) {
	var w hls.Window
	_, _, err := w.Update(parse(t, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n"))
	require.ErrorIs(t, err, hls.ErrNeither)
	_, _, err = w.Update(nil)
	require.ErrorIs(t, err, hls.ErrNeither)
}

// TestWindowGivesEachSegmentOnce runs an origin that goes on, stalls and restarts, and a client that loads now and
// then: each segment of an epoch comes once, in order, and those that did not come were counted as lost.
func TestWindowGivesEachSegmentOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w hls.Window
		generation, end, next := 0, rapid.IntRange(0, 1000).Draw(t, "first"), -1
		for range rapid.IntRange(1, 40).Draw(t, "loads") {
			restarted := rapid.IntRange(0, 9).Draw(t, "event") == 0 && next >= 0
			if restarted {
				generation++
				end = rapid.IntRange(0, next-1).Draw(t, "from")
			} else {
				end += rapid.SampledFrom([]int{0, 0, 1, 1, 2, 9}).Draw(t, "grown")
			}
			size := min(rapid.IntRange(1, 6).Draw(t, "size"), end+1)
			first := max(0, end+1-size)
			fresh, c, err := w.Update(live(t, fmt.Sprintf("g%d-", generation), first, end+1-first))
			require.NoError(t, err)
			require.Equal(t, generation, c.Epoch)
			require.Equal(t, restarted, c.Restarted)
			if restarted || next < 0 {
				next = first
			}
			require.EqualValues(t, max(0, first-next), c.Lost)
			require.Equal(t, c.Changed, len(fresh) > 0)
			next += int(c.Lost)
			for _, s := range fresh {
				require.EqualValues(t, next, s.Sequence)
				require.Equal(t, fmt.Sprintf("g%d-%d.ts", generation, next), s.URI)
				next++
			}
			require.Equal(t, end+1, next)
		}
	})
}

func TestReloadAfter(t *testing.T) {
	for _, c := range []struct {
		text    string
		changed bool
		want    time.Duration
		again   bool
	}{
		{head + one, true, 4 * time.Second, true},
		{head + one, false, 2 * time.Second, true},
		{head + "#EXT-X-PLAYLIST-TYPE:EVENT\n" + one, true, 4 * time.Second, true},
		{head + "#EXT-X-PART-INF:PART-TARGET=0.5\n" + one, true, time.Second / 2, true},
		{head + "#EXT-X-PART-INF:PART-TARGET=0.5\n" + one, false, time.Second / 4, true},
		{head + one + "#EXT-X-ENDLIST\n", true, 0, false},
		{head + "#EXT-X-PLAYLIST-TYPE:VOD\n" + one, true, 0, false},
	} {
		wait, again := hls.ReloadAfter(parse(t, c.text).Media, c.changed)
		require.Equal(t, c.want, wait)
		require.Equal(t, c.again, again)
	}
}
