package edge

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/slice"
)

func TestALivePlaylistIsCutSegmentBySegment(t *testing.T) {
	o := newShow()
	o.first = 7
	inBubble(t, open(), o.serve, func(w *world) {
		r := w.resolve(showURL)
		require.Equal(t, &edgeapi.Playlist{
			Kind: edgeapi.PlaylistLive, Target: 2000, URL: edgeapi.PlaylistTemplate, Proofs: edgeapi.ProofsTemplate,
		}, r.Playlist)
		require.Nil(t, r.File)
		require.Equal(t, edgeapi.StateLive, r.State)
		require.Len(t, r.Groups, 5, "all that are listed, at once")
		require.Equal(t, r.Now-10_000, r.Line, "the newest tells where live is")
		for i, g := range w.groups(r, 0, 12) {
			require.Equal(t, int64(7+i), g.Sequence)
			require.Equal(t, fmt.Sprintf("/s%d.ts", 7+i), g.Path)
			require.Equal(t, int64(2000), g.Duration)
			require.False(t, g.Gap)
			require.False(t, g.Discontinuity)
			require.LessOrEqual(t, g.Slice, slice.LivePayload)
			require.True(t, bytes.Equal(o.body(7+i), g.bytes))
			require.Equal(t, time.Duration(i)*showTarget, g.head.Proof.Time)
		}
		r = w.resolve(showURL)
		require.InDelta(t, r.Line, r.Now-r.Edge.Time, 600, "a segment is there soon after it is listed")
		require.LessOrEqual(t, o.loads, 3*8, "the playlist is asked for when there is news, mostly")
	})
}

func TestWhatAPlaylistSaysOfSegmentsIsHandedOn(t *testing.T) {
	o := newShow()
	o.tags = func(n int) string {
		b := "#EXT-X-KEY:METHOD=AES-128,URI=\"key?sign=secret\"\n"
		switch n {
		case 3:
			b += "#EXT-X-DISCONTINUITY\n"
		case 4:
			b += "#EXT-X-BYTERANGE:1000@200\n"
		case 2:
			b += "#EXT-X-GAP\n"
		}
		return b
	}
	o.answer[4] = func(rw http.ResponseWriter, r *http.Request) {
		http.ServeContent(rw, r, "", time.Time{}, bytes.NewReader(o.body(4)))
	}
	inBubble(t, open(), o.serve, func(w *world) {
		list := w.groups(w.resolve(showURL), 0, 6)
		require.True(t, list[2].Gap)
		require.Zero(t, list[2].Size)
		require.Equal(t, 2*time.Second, list[2].head.Proof.Duration)
		require.True(t, list[3].Discontinuity)
		require.NotZero(t, list[3].head.Proof.Flags&slice.Discontinuity)
		require.Equal(t, 3*showTarget, list[3].head.Proof.Time, "the line of time goes on")
		require.Equal(t, int64(200), list[4].Offset)
		require.Equal(t, int64(1000), list[4].Length)
		require.True(t, bytes.Equal(o.body(4)[200:1200], list[4].bytes))
		for _, uri := range w.asked() {
			require.NotContains(t, uri, "key", "nobody but viewers needs it")
			require.NotContains(t, uri, "/s2.ts")
		}
	})
}

func TestSegmentsThatCannotBeHadAreGaps(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"missing": http.NotFound,
		"empty":   func(http.ResponseWriter, *http.Request) {},
		"a page":  func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "<!DOCTYPE html><p>Sorry") },
		"JSON":    func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, ` {"code": 403}`) },
		"cut": func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Length", "5000")
			_, _ = rw.Write(make([]byte, 100))
		},
		"busy": func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusTooManyRequests) },
		"inside": func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "http://127.0.0.1/", http.StatusFound)
		},
		"endless": func(rw http.ResponseWriter, r *http.Request) {
			for b := make([]byte, 1<<20); r.Context().Err() == nil; _, _ = rw.Write(b) {
			}
		},
		"silent": func(rw http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			o := newShow()
			o.answer[6] = func(rw http.ResponseWriter, r *http.Request) {
				o.mu.Unlock() // it may take long
				defer o.mu.Lock()
				answer(rw, r)
			}
			inBubble(t, open(), o.serve, func(w *world) {
				list := w.groups(w.resolve(showURL), 0, 8)
				require.False(t, list[5].Gap)
				require.True(t, list[6].Gap)
				require.Equal(t, int64(2000), list[6].Duration)
				require.Equal(t, int64(7), list[7].Sequence)
				require.False(t, list[7].Discontinuity, "it is in its place")
			})
		})
	}
}

func TestASegmentThatFailsFirstComesThen(t *testing.T) {
	o := newShow()
	var tries atomic.Int64
	o.answer[5] = func(rw http.ResponseWriter, _ *http.Request) {
		switch tries.Add(1) {
		case 1:
			rw.WriteHeader(http.StatusServiceUnavailable)
		case 2:
			rw.Header().Set("Content-Length", "900000")
			_, _ = rw.Write(o.body(5))
		default:
			_, _ = rw.Write(o.body(5))
		}
	}
	inBubble(t, open(), o.serve, func(w *world) {
		list := w.groups(w.resolve(showURL), 0, 7)
		require.True(t, bytes.Equal(o.body(5), list[5].bytes))
	})
}

func TestNothingButMissingSegments(t *testing.T) {
	o := newShow()
	for n := range 1000 {
		o.answer[n] = http.NotFound
	}
	inBubble(t, open(), o.serve, func(w *world) {
		_, code := refusal(t, w.get("/v1/resolve?"+showURL))
		require.Equal(t, fault.SourceRefused, code)
		time.Sleep(2 * failureMemory)
		o.set(func() { clear(o.answer) })
		r := w.resolve(showURL)
		o.set(func() {
			for n := range 1000 {
				o.answer[n] = http.NotFound
			}
		})
		time.Sleep(20 * time.Second)
		lost := w.resolve(showURL)
		require.Equal(t, r.Track, lost.Track)
		require.NotZero(t, w.edge.Status().Streams[0].Interrupted)
		o.set(func() { clear(o.answer) })
		time.Sleep(10 * time.Second)
		require.Equal(t, edgeapi.StateLive, w.resolve(showURL).State)
	})
}

func TestSegmentsThatWentByAreADiscontinuity(t *testing.T) {
	o := newShow()
	inBubble(t, open(), o.serve, func(w *world) {
		r := w.resolve(showURL)
		w.groups(r, 0, 6)
		o.set(func() { o.skip = 8 })
		next := r.First
		var last group
		for range 14 {
			g := w.groupAt(r, next)
			next += slice.Number(g.Slices())
			if g.Discontinuity {
				lost := g.Sequence - last.Sequence - 1
				require.Positive(t, lost)
				require.NotZero(t, g.head.Proof.Flags&slice.Discontinuity)
				require.Equal(t, last.end+time.Duration(lost)*showTarget, g.head.Proof.Time)
				return
			}
			last = g
		}
		t.Fatal("no discontinuity")
	})
}

func TestAnOriginThatBeginsAnew(t *testing.T) {
	for name, change := range map[string]func(o *show){
		"with other names":       func(o *show) { o.name = "x" },
		"with numbers far ahead": func(o *show) { o.first = 1 << 40 },
		"with numbers behind":    func(o *show) { o.first = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			o := newShow()
			o.first = 100
			inBubble(t, open(), o.serve, func(w *world) {
				r := w.resolve(showURL)
				before := w.groups(r, 0, 7)
				o.set(func() { change(o) })
				next := before[6].head.Number + slice.Number(before[6].Slices())
				last := before[6]
				for range 9 {
					g := w.groupAt(r, next)
					next += slice.Number(g.Slices())
					if g.Discontinuity {
						require.GreaterOrEqual(t, g.head.Proof.Time, last.end)
						require.LessOrEqual(t, g.head.Proof.Time, last.end+w.edge.config.Window)
						require.Equal(t, edgeapi.StateLive, w.resolve(showURL).State)
						return
					}
					last = g
				}
				t.Fatal("no discontinuity")
			})
		})
	}
}

func TestAnOldCopyOfAPlaylistIsPutAside(t *testing.T) {
	o := newShow()
	old, n := "", 0
	o.change = func(b string) string {
		if n++; n%3 != 0 || old == "" {
			defer func() { old = b }()
			return b
		}
		return old
	}
	inBubble(t, open(), o.serve, func(w *world) {
		for i, g := range w.groups(w.resolve(showURL), 0, 12) {
			require.Equal(t, int64(i), g.Sequence)
			require.False(t, g.Discontinuity)
		}
	})
}

func TestAPlaylistWithoutNewsIsInterruptedAndEnds(t *testing.T) {
	o := newShow()
	c := open()
	c.Swarm = func([20]byte) int { return 1 }
	inBubble(t, c, o.serve, func(w *world) {
		r := w.resolve(showURL)
		still := ""
		o.set(func() {
			still = o.text()
			o.change = func(string) string { return still }
		})
		time.Sleep(9 * time.Second)
		require.Equal(t, edgeapi.StateInterrupted, w.resolve(showURL).State)
		require.Contains(t, w.edge.Status().Streams[0].Error, "no new segment")
		o.set(func() { o.change = nil })
		time.Sleep(3 * time.Second)
		again := w.resolve(showURL)
		require.Equal(t, edgeapi.StateLive, again.State)
		require.Equal(t, r.Track, again.Track)
		o.set(func() {
			o.list = func(rw http.ResponseWriter) bool { rw.WriteHeader(http.StatusNotFound); return true }
		})
		time.Sleep(w.edge.config.GiveUp + 20*time.Second)
		_, code := refusal(t, w.get(w.slicePath(r, 1<<20)))
		require.Equal(t, fault.SourceEnded, code)
	})
}

func TestALivePlaylistThatEndsIsOneToSeekIn(t *testing.T) {
	o := newShow()
	o.last = 9
	inBubble(t, open(), o.serve, func(w *world) {
		r := w.resolve(showURL)
		list := w.groups(r, 0, 10)
		after := list[9].head.Number + slice.Number(list[9].Slices())
		time.Sleep(time.Second)
		_, code := refusal(t, w.get(w.slicePath(r, after)))
		require.Equal(t, fault.SourceEnded, code)
		w.fetch(r, after-1) // is still in the window
		complete := w.resolve(showURL)
		require.Equal(t, edgeapi.PlaylistVOD, complete.Playlist.Kind)
		require.NotEqual(t, r.Track, complete.Track)
		time.Sleep(w.edge.config.Window + w.edge.config.Linger + 2*lookAround)
		require.Empty(t, w.edge.Status().Streams)
	})
}

func TestOnePullOfAPlaylistHoweverManyViewers(t *testing.T) {
	o := newShow()
	inBubble(t, open(), o.serve, func(w *world) {
		var all sync.WaitGroup
		tracks := make([]string, 30)
		for i := range tracks {
			all.Go(func() { tracks[i] = w.resolve(showURL + "?sign=" + strconv.Itoa(i)).Track })
		}
		all.Wait()
		for _, track := range tracks {
			require.Equal(t, tracks[0], track)
		}
		require.Len(t, w.asked(), 6, "the playlist and its segments")
		time.Sleep(w.edge.config.Linger + 4*lookAround)
		require.Empty(t, w.edge.Status().Streams)
		asked := len(w.asked())
		time.Sleep(time.Minute)
		require.Len(t, w.asked(), asked)
	})
}

func TestAnotherViewersURLOfALivePlaylist(t *testing.T) {
	o := newShow()
	refused := "none"
	var mu sync.Mutex
	origin := func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		no := strings.Contains(r.RequestURI, refused)
		mu.Unlock()
		if no {
			rw.WriteHeader(http.StatusForbidden)
			return
		}
		o.serve(rw, r)
	}
	inBubble(t, open(), origin, func(w *world) {
		r := w.resolve(showURL + "?sign=old")
		w.resolve(showURL + "?sign=new")
		mu.Lock()
		refused = "sign=old"
		mu.Unlock()
		w.groups(r, 0, 10)
		require.Zero(t, w.edge.Status().Streams[0].Interrupted)
	})
}

func TestAPlaylistWithoutItsNameIsSeenByWhatItIs(t *testing.T) {
	o := newShow()
	inBubble(t, open(), o.serve, func(w *world) {
		r := w.resolve("url=http://origin.example/live")
		require.Equal(t, edgeapi.PlaylistLive, r.Playlist.Kind)
		w.groups(r, 0, 7)
		require.Equal(t, r.Track, w.resolve("url=http://origin.example/live").Track)
		time.Sleep(2 * failureMemory)
		require.Equal(t, r.Track, w.resolve("url=http://origin.example/live").Track)
	})
}

func TestAChannelMayBeAPlaylist(t *testing.T) {
	o := newShow()
	c := Config{Channels: map[string]Channel{"news": {Source: "http://origin.example/live.m3u8"}}}
	inBubble(t, c, o.serve, func(w *world) {
		r := w.resolve("channel=news")
		require.Equal(t, "news", r.Stream)
		require.Equal(t, edgeapi.PlaylistLive, r.Playlist.Kind)
		_, code := refusal(t, w.get("/live/news.flv"))
		require.Equal(t, fault.SourceInvalid, code)
		require.Equal(t, r.Track, w.resolve(showURL).Track, "its URL is the channel")
	})
}

func TestTheWindowOfALivePlaylistIsBounded(t *testing.T) {
	o := newShow()
	c := open()
	c.MaxStreamBytes = 1 << 20
	inBubble(t, c, o.serve, func(w *world) {
		r := w.resolve(showURL)
		time.Sleep(20 * time.Second)
		synctest.Wait()
		st := w.edge.Status().Streams[0]
		require.LessOrEqual(t, st.KeptBytes, int64(1<<20))
		require.Greater(t, st.KeptBytes, int64(600_000))
		now := w.resolve(showURL)
		require.Equal(t, r.Track, now.Track)
		w.groupAt(now, now.Groups[0].Number)
	})
}
