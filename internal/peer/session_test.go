package peer

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/edge"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/swarm"
)

func TestWhatTheServersRefusalsMean(t *testing.T) {
	for code, want := range map[fault.Code]struct {
		why  swarm.FetchError
		away bool
	}{
		fault.SliceNotYet:       {swarm.NotYet, false},
		fault.SliceGone:         {swarm.Gone, false},
		fault.SliceEnough:       {swarm.Enough, false},
		fault.TrackUnknown:      {swarm.TrackUnknown, false},
		fault.SourceEnded:       {swarm.SourceEnded, false},
		fault.SourceLost:        {swarm.SourceEnded, false},
		fault.LimitReached:      {swarm.Unreachable, false},
		fault.ServerUnreachable: {swarm.Unreachable, true},
		fault.ServerInvalid:     {swarm.Unreachable, true},
		fault.Closed:            {swarm.Unreachable, true},
	} {
		err := fault.New(code, "no")
		require.Equal(t, want.why, fetchError(err), code)
		h := health{ok: time.Unix(1, 0)}
		h.heard(time.Unix(2, 0), err)
		require.Equal(t, want.away, h.away(), code)
	}
	require.Equal(t, swarm.Unreachable, fetchError(context.DeadlineExceeded))
}

func TestTheRestOfASliceIsFetched(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		v := w.open(func(c *Config) { c.NoPeers = true })
		watch(t, v.NewReader(), 10*fps)
		const n, offset = 3, 1000
		whole, err := v.edge.Slice(t.Context(), v.session.res, n, 0, 0)
		require.NoError(t, err)
		size := len(whole.Payload)
		require.Greater(t, size, offset)
		ranges := make(chan string, 2)
		refusing := false
		hook := func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if value := r.Header.Get("Range"); value != "" {
					ranges <- value
					if refusing {
						edge.WriteError(rw, http.StatusGone, fault.New(fault.SliceGone, "it was a test"))
						return
					}
				}
				next.ServeHTTP(rw, r)
			})
		}
		w.server.hook.Store(&hook)
		// fetch has the loop fetch what the engine did not ask for, so that all that it is given is of no use to it.
		fetch := func(proof *slice.Signed, offset int) (unused uint64) {
			before := v.Stats().DuplicateBytes
			v.inbox.post(func() {
				v.fetch(v.session, swarm.Action{Kind: swarm.Fetch, Number: n, Offset: offset, Proof: proof})
			})
			synctest.Wait()
			left := make(chan bool, 1)
			v.inbox.post(func() { left <- v.session.fetches[n] != nil })
			require.False(t, <-left, "an answer was given")
			return v.Stats().DuplicateBytes - before
		}
		require.Equal(t, uint64(size), fetch(whole.Proof, 0))
		require.Equal(t, "bytes="+strconv.Itoa(slice.FrameHead(whole.Proof))+"-", <-ranges, "all but the proof")
		in := v.edge.Traffic().SlicesIn
		require.Equal(t, uint64(size-offset), fetch(whole.Proof, offset))
		require.Equal(t, "bytes="+strconv.Itoa(slice.FrameHead(whole.Proof)+offset)+"-", <-ranges)
		require.Equal(t, uint64(size-offset), v.edge.Traffic().SlicesIn-in, "nothing before it was sent")

		refusing = true
		require.Zero(t, fetch(whole.Proof, offset))
		<-ranges
		refusing = false
		other := *whole.Proof
		other.Encoded = append(other.Encoded, 0) // not the server's: the range lies elsewhere
		require.Zero(t, fetch(&other, offset))
		require.Zero(t, v.Stats().Stalls)
	})
}
