package peer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/edge"
	"github.com/superp2p/superp2p/internal/fault"
)

// simulated runs a test in a world whose stream is 12 s old, in fake time.
func simulated(t *testing.T, run func(t *testing.T, w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		time.Sleep(12 * time.Second)
		run(t, w)
	})
}

// drain reads what is left and returns why it ended.
func drain(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

func TestOpenTellsWhyNot(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		for _, c := range []struct {
			change func(*Config)
			target string
			code   fault.Code
		}{
			{func(c *Config) { c.Server = "" }, channel, fault.URLInvalid},
			{func(c *Config) { c.Server = "ftp://x" }, channel, fault.URLInvalid},
			{nil, "", fault.URLInvalid},
			{nil, "no/such", fault.ChannelUnknown},
			{nil, "rtmp://origin.test/app/stream", fault.OriginNotAllowed},
			{func(c *Config) { c.Server = "http://server.test/elsewhere" }, channel, fault.RequestInvalid},
		} {
			cfg := w.config()
			if c.change != nil {
				c.change(&cfg)
			}
			_, err := Open(t.Context(), cfg, c.target)
			require.Equal(t, c.code, fault.CodeOf(err), "%v", err)
		}
	})
}

func TestOpenWaitsForAServerThatIsAwayAndThenGivesUp(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		w.stopServer()
		begin := time.Now()
		_, err := Open(t.Context(), w.config(), channel)
		require.Equal(t, fault.ServerUnreachable, fault.CodeOf(err), "%v", err)
		require.Equal(t, 10*time.Second, time.Since(begin))

		w.away.Store(true) // it takes connections and says nothing
		cfg := w.config()
		cfg.StartTimeout = 3 * time.Second
		begin = time.Now()
		_, err = Open(t.Context(), cfg, channel)
		require.Equal(t, fault.ServerUnreachable, fault.CodeOf(err), "%v", err)
		require.Equal(t, 3*time.Second, time.Since(begin))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = Open(ctx, w.config(), channel)
		require.Error(t, err)
		w.away.Store(false)

		time.AfterFunc(4*time.Second, w.startServer)
		v := w.open(nil)
		await(t, v, PlayStart)
	})
}

func TestNothingPlayableInTimeIsAFailure(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		refuse := func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.Path, "/slices/") {
					edge.WriteError(rw, http.StatusNotFound, fault.New(fault.SliceNotYet, "never"))
					return
				}
				next.ServeHTTP(rw, r)
			})
		}
		w.server.hook.Store(&refuse)
		begin := time.Now()
		v := w.open(nil)
		r := v.NewReader()
		e := await(t, v, PlayFailed)
		require.Equal(t, LevelError, e.Level)
		require.NotEmpty(t, e.Description)
		require.Equal(t, fault.NothingPlayable, fault.CodeOf(e.Err))
		require.InDelta(t, 10, time.Since(begin).Seconds(), 0.5)
		require.Equal(t, fault.NothingPlayable, fault.CodeOf(drain(r)))
		_, more := <-v.Events()
		require.False(t, more)
		<-v.Done()
	})
}

func TestViewersPlayOnWithoutTheTracker(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		a, b := w.open(nil), w.open(nil)
		ra, rb := a.NewReader(), b.NewReader()
		watch(t, ra, 10*fps)
		watch(t, rb, 10*fps)
		require.NoError(t, w.server.tracker.Close())
		before := b.Stats()
		watch(t, ra, 60*fps)
		watch(t, rb, 60*fps)
		s := b.Stats()
		require.Zero(t, s.Stalls)
		require.Equal(t, 1, s.Peers)
		require.Greater(t, s.PeerBytes-before.PeerBytes, (s.ServerBytes-before.ServerBytes)/2)

		c := w.open(nil) // it finds nobody, and plays
		watch(t, c.NewReader(), 10*fps)
		require.Zero(t, c.Stats().Stalls)
	})
}

func TestServerGoneAndBack(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		vs := []*Viewer{w.open(nil), w.open(nil)}
		for _, v := range vs {
			await(t, v, PlayStart)
			await(t, v, BufferFull)
		}
		r := vs[0].NewReader()
		watch(t, r, 10*fps)
		w.stopServer()
		time.Sleep(10 * time.Second)
		w.startServer() // with another key and other tracks
		for _, v := range vs {
			await(t, v, BufferEmpty)
			await(t, v, MulticastStreamReset)
			await(t, v, BufferFull)
		}
		time.Sleep(20 * time.Second)
		for _, v := range vs {
			s := v.Stats()
			require.Equal(t, 2, s.Tracks)
			require.Equal(t, uint64(1), s.Stalls)
			require.Greater(t, s.Stall, time.Second)
			require.Equal(t, 1, s.Peers, "they have found each other again")
			require.NotZero(t, s.Buffered)
		}
		var last uint32 // the timeline goes on: timestamps do not go back
		for range 30 * fps {
			tag, err := r.ReadTag()
			require.NoError(t, err)
			require.GreaterOrEqual(t, tag.Timestamp, last)
			last = tag.Timestamp
		}
	})
}

func TestServerGoneForGood(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		vs := []*Viewer{w.open(nil), w.open(nil)}
		r := vs[0].NewReader()
		watch(t, r, 10*fps)
		w.stopServer()
		gone := time.Now()
		for _, v := range vs {
			await(t, v, PlayStart)
			await(t, v, BufferFull)
			await(t, v, BufferEmpty)
			e := await(t, v, PlayFailed)
			require.Equal(t, fault.ServerUnreachable, fault.CodeOf(e.Err))
			_, more := <-v.Events()
			require.False(t, more)
		}
		// What is buffered (6 s) is played first, then nothing arrives for 20 s.
		require.InDelta(t, 26, time.Since(gone).Seconds(), 2)
		require.Equal(t, fault.ServerUnreachable, fault.CodeOf(drain(r)))
	})
}

func TestServerThatHangs(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		v := w.open(nil)
		watch(t, v.NewReader(), 10*fps)
		hang := func(http.Handler) http.Handler {
			return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		}
		w.server.hook.Store(&hang)
		await(t, v, PlayStart)
		await(t, v, BufferFull)
		await(t, v, BufferEmpty)
		e := await(t, v, PlayFailed)
		require.Equal(t, fault.ServerUnreachable, fault.CodeOf(e.Err), "%v", e.Err)
	})
}

func TestAwayForLongerThanTheServerKeeps(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		v := w.open(func(c *Config) { c.StallTimeout = 3 * time.Minute })
		watch(t, v.NewReader(), 10*fps)
		hang := func(http.Handler) http.Handler {
			return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		}
		w.server.hook.Store(&hang)
		time.Sleep(time.Minute)
		w.server.hook.Store(nil)
		await(t, v, PlayStart)
		await(t, v, BufferFull)
		await(t, v, BufferEmpty)
		await(t, v, BufferFull)
		watch(t, v.NewReader(), 10*fps)
		s := v.Stats()
		require.Equal(t, 1, s.Tracks)
		require.Equal(t, uint64(1), s.Stalls)
		require.InDelta(t, 6, s.Delay.Seconds(), 0.5)
		require.Greater(t, s.Resolves, 1)
	})
}

func TestCloseAtAnyMoment(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		stay := w.open(nil)
		for ms := range 12 {
			a, b := w.open(nil), w.open(nil)
			time.Sleep(time.Duration(ms*ms) * 3 * time.Millisecond)
			r := a.NewReader()
			require.NoError(t, a.Close())
			require.NoError(t, a.Close())
			require.NoError(t, drain(r))
			require.NoError(t, b.Close())
			require.Equal(t, 1, b.Stats().Tracks)
			require.Zero(t, a.endpoint.Len())
			for range a.Events() { // it is closed
			}
		}
		require.Zero(t, stay.Stats().Stalls)
	})
}

func TestServerThatLies(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		v := w.open(nil)
		watch(t, v.NewReader(), 10*fps)
		garble := func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.Path, "/slices/") {
					next.ServeHTTP(&garbler{rw}, r)
					return
				}
				next.ServeHTTP(rw, r)
			})
		}
		w.server.hook.Store(&garble)
		await(t, v, PlayStart)
		await(t, v, BufferFull)
		await(t, v, BufferEmpty)
		for e := range v.Events() {
			if e.Code == PlayFailed {
				require.Equal(t, fault.NothingPlayable, fault.CodeOf(e.Err), "%v", e.Err)
			}
		}
		s := v.Stats()
		require.NotZero(t, s.BadBytes)
	})
}

// garbler changes one byte at the end of each answer.
type garbler struct{ http.ResponseWriter }

func (g *garbler) Write(b []byte) (int, error) {
	b = bytes.Clone(b)
	b[len(b)-1] ^= 1
	return g.ResponseWriter.Write(b)
}

func TestSourceGoneAndBack(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		v := w.open(nil)
		r := v.NewReader()
		watch(t, r, 10*fps)
		await(t, v, PlayStart)
		await(t, v, BufferFull)
		w.server.publish()
		await(t, v, BufferEmpty)
		await(t, v, PlayUnpublishNotify)
		time.Sleep(30 * time.Second) // longer than StallTimeout: the server is well, so this is no failure
		w.republish(channel)
		await(t, v, PlayPublishNotify)
		await(t, v, BufferFull)
		time.Sleep(10 * time.Second)
		s := v.Stats()
		require.Equal(t, 1, s.Tracks)
		require.Equal(t, uint64(1), s.Stalls)
		require.NotZero(t, s.Buffered)
	})
}

func TestTheEndOfTheStream(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		a, b := w.open(nil), w.open(nil)
		r := a.NewReader()
		watch(t, r, 10*fps)
		w.server.publish() // GiveUp later the edge says that it is over
		for _, v := range []*Viewer{a, b} {
			var codes []Code
			for e := range v.Events() {
				codes = append(codes, e.Code)
			}
			require.Equal(t, []Code{BufferFlush, PlayStop}, codes[len(codes)-2:], "%v", codes)
			require.NotContains(t, codes, PlayFailed)
		}
		require.NoError(t, drain(r))
		<-a.Done()
	})
}

func TestSeveralReadersShareAViewerAndASlowOneHoldsUpNobody(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		v := w.open(func(c *Config) { c.Window = 4 * time.Second })
		slow := v.NewReader()
		_, err := slow.ReadTag()
		require.NoError(t, err)
		x, y := v.NewReader(), v.NewReader()
		for range 40 {
			require.Equal(t, watch(t, x, fps), watch(t, y, fps))
		}
		require.Zero(t, v.Stats().Stalls)
		for range 3 {
			_, err = slow.ReadTag()
			require.NoError(t, err)
		}
		require.NotZero(t, slow.Skipped())
		require.NoError(t, v.Close())
		require.NoError(t, drain(x))
		require.NoError(t, drain(slow))
	})
}

func TestPeersThatLeaveAtOnceAreNoStall(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		var vs []*Viewer
		for range 6 {
			vs = append(vs, w.open(nil))
		}
		time.Sleep(12 * time.Second)
		for _, v := range vs {
			require.Equal(t, 5, v.Stats().Peers, "who came at the same moment are linked once")
		}
		for _, v := range vs[:3] {
			require.NoError(t, v.Close())
		}
		synctest.Wait()
		for _, v := range vs[3:] {
			require.Equal(t, 2, v.Stats().Peers, "they have said goodbye")
		}
		time.Sleep(15 * time.Second)
		for _, v := range vs[3:] {
			require.Zero(t, v.Stats().Stalls)
		}
	})
}

func TestWhoSharesNothingStillWatches(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		a := w.open(nil)
		b := w.open(func(c *Config) { c.NoUpload = true })
		c := w.open(func(c *Config) { c.NoPeers = true })
		time.Sleep(20 * time.Second)
		require.Zero(t, b.Stats().UploadBytes)
		require.NotZero(t, b.Stats().PeerBytes)
		require.NotZero(t, a.Stats().UploadBytes)
		require.Zero(t, c.Stats().PeerBytes)
		require.Zero(t, c.Stats().TrackerOut)
		b.SetUpload(true)
		time.Sleep(20 * time.Second)
		require.NotZero(t, b.Stats().UploadBytes)
		for _, v := range []*Viewer{a, b, c} {
			require.Zero(t, v.Stats().Stalls)
		}
	})
}

func TestDelayOutOfRangeIsClampedAndLogged(t *testing.T) {
	for _, c := range []struct{ delay, want time.Duration }{
		{0, 6 * time.Second}, {time.Second, 2 * time.Second}, {-time.Second, 2 * time.Second},
		{time.Minute, 30 * time.Second}, {3 * time.Second, 3 * time.Second},
	} {
		var log bytes.Buffer
		got := Config{Delay: c.delay, Logger: slog.New(slog.NewTextHandler(&log, nil))}.withDefaults().Delay
		require.Equal(t, c.want, got)
		require.Equal(t, c.delay != 0 && c.delay != c.want, strings.Contains(log.String(), "level=WARN"))
	}
}

func TestEventsNobodyTakesAreBounded(t *testing.T) {
	v := &Viewer{events: make(chan Event, eventBuffer), cfg: Config{}.withDefaults()}
	v.log = v.cfg.Logger
	for range 3 * eventBuffer {
		v.emit(BufferEmpty, "", nil)
	}
	v.emit(PlayFailed, "it is over", errors.New("x"))
	var last Event
	for range eventBuffer {
		last = <-v.Events()
	}
	require.Equal(t, PlayFailed, last.Code)
}

func TestATailThatIsNotAcknowledgedYetIsNotWaiting(t *testing.T) {
	require.Zero(t, waiting(1200))
	require.Equal(t, 5000, waiting(5000))
}
