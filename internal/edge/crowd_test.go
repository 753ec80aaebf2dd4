package edge

import (
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCrowd(t *testing.T) {
	begin := time.Unix(1_700_000_000, 0)
	at := func(d time.Duration) time.Time { return begin.Add(d) }
	come := func(c *crowd, n int, d time.Duration, viewers int) (crowded int) {
		for range n {
			if c.comes(at(d), viewers) {
				crowded++
			}
		}
		return crowded
	}

	c := new(crowd)
	require.Zero(t, come(c, 40, 0, 0))
	require.Equal(t, 10, come(c, 10, 999*time.Millisecond, 0), "from the 41st in the same whole second on")
	require.Equal(t, 1, come(c, 1, 1999*time.Millisecond, 0), "the second before counts too")
	require.Zero(t, come(c, 40, 2*time.Second, 0), "but not the one before that")
	require.Zero(t, come(c, 40, 3*time.Second, 0), "it is the greater of the two, not their sum")
	require.Equal(t, 1, come(c, 1, 3*time.Second, 39))
	require.Zero(t, come(c, 1, 3*time.Second, 80), "42 come, and 42 may come to 80 viewers")
	require.Equal(t, 1, come(c, 1, 3*time.Second, 119))

	c = new(crowd)
	require.Equal(t, 60, come(c, 100, 0, 0))
	require.Zero(t, come(c, 1, 2*time.Second, 0), "nobody came in the second before")

	c = new(crowd)
	come(c, 40, time.Second, 0)
	require.True(t, c.comes(at(999*time.Millisecond), 0), "who was overtaken counts with those who overtook")
	require.True(t, c.comes(at(time.Second), 0))
	require.False(t, c.comes(at(-time.Hour), 0), "a clock that was set back begins anew")
}

func TestCrowdCountsAtTheSameTime(t *testing.T) {
	var c crowd
	var crowded atomic.Int64
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if c.comes(time.Unix(1, 0), 400) {
				crowded.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 50, crowded.Load())
}

func TestWhoResolvesLearnsOfTheCrowd(t *testing.T) {
	var swarm atomic.Int64
	c := Config{Channels: channels("live1", "live2"), Swarm: func([20]byte) int { return int(swarm.Load()) }}
	inBubble(t, c, forever, func(w *world) {
		var crowded atomic.Int64
		var all sync.WaitGroup
		for range 60 { // all wait for the first group and get it at the same moment
			all.Go(func() {
				if w.resolve("channel=live1").Crowd {
					crowded.Add(1)
				}
			})
		}
		all.Wait()
		require.EqualValues(w.t, 20, crowded.Load())
		require.False(w.t, w.resolve("channel=live2").Crowd, "each stream has its own")

		rec := w.get("/v1/resolve?channel=live1")
		var answer map[string]any
		decode(w.t, rec, &answer)
		require.Equal(w.t, true, answer["crowd"])
		track := answer["track"].(string)
		rec = w.get("/v1/tracks/" + track)
		require.Equal(w.t, http.StatusOK, rec.Code)
		require.NotContains(w.t, rec.Body.String(), "crowd")

		swarm.Store(4000)
		require.False(w.t, w.resolve("channel=live1").Crowd, "so many can feed them")
		swarm.Store(0)
		time.Sleep(3 * time.Second)
		answer = nil
		require.NoError(w.t, json.Unmarshal(w.get("/v1/resolve?channel=live1").Body.Bytes(), &answer))
		require.NotContains(w.t, answer, "crowd")
	})
}
