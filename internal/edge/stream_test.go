package edge

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/slice"
)

func TestOnePullHoweverManyViewers(t *testing.T) {
	inBubble(t, Config{Channels: channels("live1")}, forever, func(w *world) {
		var all sync.WaitGroup
		tracks := make([]string, 50)
		for i := range tracks {
			all.Go(func() { tracks[i] = w.resolve("channel=live1").Track })
		}
		all.Wait()
		for _, track := range tracks {
			require.Equal(w.t, tracks[0], track)
		}
		require.Equal(w.t, []string{"/live1.flv"}, w.asked())
	})
}

func TestSourceIsLetGoAfterTheLastViewer(t *testing.T) {
	var swarm atomic.Int64
	c := Config{Channels: channels("live1"), Swarm: func([20]byte) int { return int(swarm.Load()) }}
	inBubble(t, c, forever, func(w *world) {
		first := w.resolve("channel=live1")
		time.Sleep(29 * time.Second)
		require.Equal(w.t, first.Track, w.resolve("channel=live1").Track, "somebody asked in time")
		swarm.Store(2)
		time.Sleep(5 * time.Minute)
		require.Equal(w.t, first.Track, w.resolve("channel=live1").Track, "the swarm has members")
		swarm.Store(0)
		time.Sleep(33 * time.Second)
		require.Empty(w.t, w.edge.Status().Streams)
		status, code := refusal(w.t, w.get(w.slicePath(first, 0)))
		require.Equal(w.t, http.StatusNotFound, status)
		require.Equal(w.t, fault.TrackUnknown, code)
		require.Len(w.t, w.asked(), 1)
		require.NotEqual(w.t, first.Track, w.resolve("channel=live1").Track)
		require.Len(w.t, w.asked(), 2)
	})
}

func TestSlicesAreProvedAndInOrder(t *testing.T) {
	inBubble(t, Config{Channels: channels("live1")}, forever, func(w *world) {
		r := w.resolve("channel=live1")
		require.Equal(w.t, "live1", r.Stream)
		require.Equal(w.t, edgeapi.StateLive, r.State)
		require.Len(w.t, r.Swarm, 40)
		time.Sleep(10 * time.Second)
		r = w.resolve("channel=live1")
		require.InDelta(w.t, 4, r.Rate, 1)
		require.InDelta(w.t, 25*515*8, r.Bitrate, 3000)
		require.GreaterOrEqual(w.t, len(r.Groups), 9)
		require.LessOrEqual(w.t, r.Line, r.Now-r.Edge.Time)
		require.Greater(w.t, r.Line, r.Now-r.Edge.Time-1000)
		last := time.Duration(0)
		for n := r.First; n <= r.Edge.Number; n++ {
			s := w.fetch(r, n)
			require.Equal(w.t, last, s.Proof.Time, "slice %d", n)
			require.LessOrEqual(w.t, s.Proof.Duration, slice.MaxDuration)
			last += s.Proof.Duration
		}
		for _, g := range r.Groups {
			s := w.fetch(r, g.Number)
			require.True(w.t, s.Proof.StartsGroup(g.Number))
			require.Equal(w.t, g.Time, s.Proof.Time.Milliseconds())
		}
	})
}

func TestLostSourceGoesOnWithTheSameTrack(t *testing.T) {
	var down atomic.Bool
	origin := func(rw http.ResponseWriter, r *http.Request) {
		if down.Load() {
			http.Error(rw, "gone", http.StatusNotFound)
			return
		}
		liveFLV(rw, r, 100, nil) // four seconds
		down.Store(true)
	}
	inBubble(t, Config{Channels: channels("live1")}, origin, func(w *world) {
		before := w.resolve("channel=live1")
		time.Sleep(10 * time.Second)
		lost := w.resolve("channel=live1")
		require.Equal(w.t, before.Track, lost.Track)
		require.Equal(w.t, edgeapi.StateInterrupted, lost.State)
		require.Greater(w.t, len(w.asked()), 3, "it is retried")
		waited := make(chan *slice.Slice)
		go func() { waited <- w.fetch(lost, lost.Edge.Number+1, "Prefer", "wait=20") }()
		time.Sleep(5 * time.Second)
		down.Store(false)
		s := <-waited
		require.NotZero(w.t, s.Proof.Flags&slice.Discontinuity)
		require.True(w.t, s.Proof.StartsGroup(s.Number))
		require.GreaterOrEqual(w.t, s.Proof.Time.Milliseconds(), lost.Edge.Time)
		require.Equal(w.t, edgeapi.StateLive, w.resolve("channel=live1").State)
		st := w.edge.Status().Streams
		require.Len(w.t, st, 1)
		require.EqualValues(w.t, 1, st[0].Interrupted)
	})
}

func TestSourceThatStaysAwayEndsTheStream(t *testing.T) {
	var played atomic.Bool
	origin := func(rw http.ResponseWriter, r *http.Request) {
		if played.Swap(true) {
			http.Error(rw, "gone", http.StatusNotFound)
			return
		}
		liveFLV(rw, r, 100, nil)
	}
	c := Config{Channels: channels("live1"), Swarm: func([20]byte) int { return 1 }}
	inBubble(t, c, origin, func(w *world) {
		r := w.resolve("channel=live1")
		time.Sleep(60 * time.Second)
		require.Equal(w.t, edgeapi.StateInterrupted, w.resolve("channel=live1").State)
		var live edgeapi.Live
		next := slice.Number(0)
		for {
			rec := w.get(edgeapi.TracksPath + r.Track)
			decode(w.t, rec, &live)
			next = live.Edge.Number + 1
			if live.State == edgeapi.StateEnded {
				break
			}
			require.Less(w.t, live.Now-live.Edge.Cut, int64(70_000))
			time.Sleep(time.Second)
		}
		require.Greater(w.t, live.Now-live.Edge.Cut, int64(58_000))
		status, code := refusal(w.t, w.get(w.slicePath(r, next), "Prefer", "wait=20"))
		require.Equal(w.t, http.StatusGone, status)
		require.Equal(w.t, fault.SourceEnded, code)
		w.fetch(r, next-1) // what was cut can still be had
		time.Sleep(41 * time.Second)
		_, code = refusal(w.t, w.get(w.slicePath(r, next-1)))
		require.Equal(w.t, fault.TrackUnknown, code)
		_, code = refusal(w.t, w.get("/v1/resolve?channel=live1"))
		require.Equal(w.t, fault.SourceRefused, code)
	})
}

func TestWhetherASourceIsDead(t *testing.T) {
	gone := fault.New(fault.SourceUnreachable, "no")
	for _, test := range []struct {
		err, want error
	}{
		{gone, gone},
		{fault.New(fault.SourceRefused, "404"), nil},
		{fault.New(fault.SourceEnded, "over"), nil},
	} {
		require.Equal(t, test.want, whether(test.err))
	}
	require.Equal(t, fault.SourceEnded, fault.CodeOf(ending(nil)))
	require.Equal(t, fault.SourceLost, fault.CodeOf(ending(gone)))
	require.Equal(t, http.StatusGone, statusOf(fault.SourceLost))
}

func TestFirstPlayThatFailsSaysWhyInTime(t *testing.T) {
	for name, test := range map[string]struct {
		origin http.HandlerFunc
		want   fault.Code
		status int
	}{
		"refuses": {func(rw http.ResponseWriter, _ *http.Request) { http.Error(rw, "no", http.StatusForbidden) },
			fault.SourceRefused, http.StatusBadGateway},
		"hangs": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			fault.SourceTimeout, http.StatusGatewayTimeout},
		"accepts and hangs": {func(rw http.ResponseWriter, r *http.Request) {
			_, _ = rw.Write(flv.AppendHeader(nil, true, true))
			_ = http.NewResponseController(rw).Flush()
			<-r.Context().Done()
		}, fault.SourceTimeout, http.StatusGatewayTimeout},
		"sends garbage": {func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(make([]byte, 100_000)) },
			fault.SourceInvalid, http.StatusBadGateway},
		"sends a page": {func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte("<html>no stream</html>")) },
			fault.SourceInvalid, http.StatusBadGateway},
		"ends at once": {func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(flv.AppendHeader(nil, true, true)) },
			fault.SourceEnded, http.StatusGone},
		"ends before a group": {func(rw http.ResponseWriter, r *http.Request) {
			liveFLV(rw, r, 10, func(_ int, t *flv.Tag) { t.Body[0] = 0x27 })
		}, fault.SourceEnded, http.StatusGone},
		"never starts a group": {func(rw http.ResponseWriter, r *http.Request) {
			liveFLV(rw, r, 0, func(_ int, t *flv.Tag) { t.Body[0] = 0x27 })
		}, fault.SourceTimeout, http.StatusGatewayTimeout},
		"redirects for ever": {func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "/again.flv", http.StatusFound)
		}, fault.SourceInvalid, http.StatusBadGateway},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Config{Channels: channels("live1")}, test.origin, func(w *world) {
				began := time.Now()
				status, code := refusal(w.t, w.get("/v1/resolve?channel=live1"))
				require.Equal(w.t, test.want, code)
				require.Equal(w.t, test.status, status)
				require.LessOrEqual(w.t, time.Since(began), 8*time.Second)
			})
		})
	}
}

func TestFailureIsRememberedForAMoment(t *testing.T) {
	origin := func(rw http.ResponseWriter, _ *http.Request) { http.Error(rw, "no", http.StatusNotFound) }
	inBubble(t, Config{Channels: channels("live1")}, origin, func(w *world) {
		for range 100 {
			_, code := refusal(w.t, w.get("/v1/resolve?channel=live1"))
			require.Equal(w.t, fault.SourceRefused, code)
		}
		require.Len(w.t, w.asked(), 1)
		time.Sleep(2 * failureMemory)
		_, _ = refusal(w.t, w.get("/v1/resolve?channel=live1"))
		require.Len(w.t, w.asked(), 2)
	})
}

func TestSliceIsCutWhenNothingMoreComes(t *testing.T) {
	origin := func(rw http.ResponseWriter, r *http.Request) {
		liveFLV(rw, r, 3, nil)
		<-r.Context().Done()
	}
	inBubble(t, Config{Channels: channels("live1")}, origin, func(w *world) {
		began := time.Now()
		r := w.resolve("channel=live1")
		require.LessOrEqual(w.t, time.Since(began), 500*time.Millisecond)
		require.Contains(w.t, string(w.fetch(r, 0).Payload), string(picture(0, 0).Body))
		require.Contains(w.t, string(w.fetch(r, 0).Payload), string(picture(0, 2).Body))
	})
}

func TestSilentSourceCountsAsLost(t *testing.T) {
	origin := func(rw http.ResponseWriter, r *http.Request) {
		liveFLV(rw, r, 50, nil)
		<-r.Context().Done()
	}
	inBubble(t, Config{Channels: channels("live1")}, origin, func(w *world) {
		w.resolve("channel=live1")
		time.Sleep(11 * time.Second)
		require.Equal(w.t, edgeapi.StateLive, w.resolve("channel=live1").State)
		time.Sleep(1500 * time.Millisecond)
		require.Greater(w.t, len(w.asked()), 1)
	})
}

func TestCodecChangeAndJumpsInTimeKeepTheTrackGoing(t *testing.T) {
	for name, change := range map[string]func(n int, t *flv.Tag){
		"back":    func(n int, t *flv.Tag) { t.Timestamp = uint32(n % 60 * 40) },
		"forward": func(n int, t *flv.Tag) { t.Timestamp += uint32(n / 60 * 3_600_000) },
		"wrap":    func(n int, t *flv.Tag) { t.Timestamp -= 2400 },
		"codec": func(n int, t *flv.Tag) {
			if n%60 == 59 {
				*t = header(byte(n / 60))
				t.Timestamp = uint32(n * 40)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			origin := func(rw http.ResponseWriter, r *http.Request) { liveFLV(rw, r, 0, change) }
			inBubble(t, Config{Channels: channels("live1")}, origin, func(w *world) {
				w.resolve("channel=live1")
				time.Sleep(10 * time.Second)
				r := w.resolve("channel=live1")
				require.Equal(w.t, edgeapi.StateLive, r.State)
				require.InDelta(w.t, 10_000, r.Edge.Time, 1500)
				last := time.Duration(-1)
				for n := r.First; n <= r.Edge.Number; n++ {
					s := w.fetch(r, n)
					require.GreaterOrEqual(w.t, s.Proof.Time, last)
					last = s.Proof.Time
				}
				require.Len(w.t, w.asked(), 1, "the source was not opened again")
			})
		})
	}
}

func TestViewersWithDifferentSignaturesShareOnePull(t *testing.T) {
	var expired atomic.Bool
	origin := func(rw http.ResponseWriter, r *http.Request) {
		if expired.Load() && r.URL.Query().Get("sign") == "1" {
			http.Error(rw, "expired", http.StatusForbidden)
			return
		}
		liveFLV(rw, r, 100, nil)
		expired.Store(true)
	}
	c := Config{Origins: []string{"*.example"}, PerViewerKeys: []string{"sign", "T"}, Swarm: func([20]byte) int { return 1 }}
	inBubble(t, c, origin, func(w *world) {
		one := w.resolve("url=http%3A%2F%2FCDN.example%2Fa.flv%3Fsign%3D1%26t%3D5")
		two := w.resolve("url=http%3A%2F%2Fcdn.example%3A80%2Fa.flv%3Ft%3D6%26sign%3D2")
		require.Equal(w.t, one.Track, two.Track)
		require.Equal(w.t, "http://cdn.example/a.flv", one.Stream)
		require.Equal(w.t, []string{"/a.flv?sign=1&t=5"}, w.asked())
		time.Sleep(8 * time.Second)
		require.Equal(w.t, edgeapi.StateLive, w.resolve("url=http%3A%2F%2Fcdn.example%2Fa.flv").State,
			"the other viewer's signature opened it again")
		require.Contains(w.t, w.asked(), "/a.flv?t=6&sign=2")
	})
}
