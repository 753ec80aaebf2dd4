package main

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/hls"
)

func TestThePlaylistRolls(t *testing.T) {
	o := newOrigin([][]byte{{0}, {1}, {2}, {3}}, 6)
	for _, c := range []struct{ done, first, segments, gone int }{{3, 0, 3, 0}, {6, 0, 6, 0}, {11, 5, 6, 1}, {23, 17, 6, 4}} {
		p, err := hls.Parse(o.playlist(c.done), nil, hls.Options{})
		require.NoError(t, err)
		m := p.Media
		require.Len(t, m.Segments, c.segments)
		for i, s := range m.Segments {
			n := c.first + i
			require.EqualValues(t, n, s.Sequence)
			require.EqualValues(t, n/4, s.DiscSequence, "the clip has four segments and repeats")
			require.Equal(t, segmentTime, s.Duration)
			require.WithinDuration(t, o.begin.Add(time.Duration(n)*segmentTime), s.ProgramTime, time.Millisecond)
		}
	}
}

func TestTheOriginCountsWhatItGives(t *testing.T) {
	o := newOrigin([][]byte{make([]byte, 100), make([]byte, 200)}, 6)
	get := func(name, span string) int {
		r := httptest.NewRequest("GET", "/x/"+name, nil)
		r.Header.Set("User-Agent", "superp2p/1")
		if span != "" {
			r.Header.Set("Range", span)
		}
		w := httptest.NewRecorder()
		o.ServeHTTP(w, r)
		return w.Code
	}
	require.Equal(t, 200, get("live.m3u8", ""))
	require.Equal(t, 206, get("1.ts", "bytes=0-49"))
	require.Equal(t, 206, get("1.ts", "bytes=50-"))
	require.Equal(t, 200, get("2.ts", ""))
	all, again := o.given()
	require.EqualValues(t, 300, all)
	require.Zero(t, again)
	require.Equal(t, 206, get("1.ts", "bytes=0-9"))
	require.Equal(t, 200, get("2.ts", ""))
	all, again = o.given()
	require.EqualValues(t, 410, all)
	require.EqualValues(t, 110, again)
	require.EqualValues(t, map[string]uint64{"superp2p": 410}, o.agents())
	require.Equal(t, 404, get("1000.ts", ""), "not filmed yet")
}

func TestOffloadIsWhatServersSpared(t *testing.T) {
	o := newOrigin([][]byte{make([]byte, 100)}, 6)
	opened := time.Now()
	page := func(needed float64, delays ...int) figures { return figures{Start: 5, Needed: needed, Delays: delays} }
	first := &moment{at: opened.Add(10 * time.Second), origin: 600, again: 10, edge: 550, pages: []figures{page(500, 1), page(500, 1)}}
	last := &moment{
		at: opened.Add(20 * time.Second), origin: 1100, again: 30, edge: 1030,
		pages: []figures{page(1000, 1, 7000), page(1500, 1, 8000, 9000)},
	}
	ours := newOutcome(variant{ours: true}, o, opened, first, last)
	require.InDelta(t, 1-500.0/1500, ours.Steady.Offload, 1e-9, "480 from the server and 20 from the origin, of 1500")
	require.InDelta(t, 1-1060.0/2500, ours.Session.Offload, 1e-9)
	require.InDelta(t, (500+480)/500.0, ours.Steady.Copies, 1e-9)
	require.Equal(t, []int{8000, 7000, 9000, 8000}, []int{ours.DelayMean, ours.DelayMin, ours.DelayMax, ours.DelayEnd})
	theirs := newOutcome(variant{}, o, opened, first, last)
	require.InDelta(t, 1-500.0/1500, theirs.Steady.Offload, 1e-9, "500 from the origin")
	require.True(t, strings.Contains(table(options{}, []*outcome{ours, theirs}), "66.7 %"))
}

func TestVariantsAreChosenByName(t *testing.T) {
	usual, err := choose("")
	require.NoError(t, err)
	require.Len(t, usual, 8)
	one, err := choose("superp2p,p2pml-19")
	require.NoError(t, err)
	require.Len(t, one, 2)
	_, err = choose("nobody")
	require.ErrorContains(t, err, "superp2p-far")
}
