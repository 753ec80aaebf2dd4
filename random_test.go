package superp2p_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// order is in which order events of a play may come, as docs/netstream.md says, as an automaton that knows nothing else.
type order struct {
	started, full, paused, flushed, stopped, seeking, sought, failed bool
}

// follow returns what is wrong with an event coming now, "" if it may come.
func (o *order) follow(e *superp2p.NetStatusEvent) string {
	may, was := o.started, *o
	switch e.Info.Code {
	case superp2p.NetStreamPlayReset:
		may = true // in data generation mode also when another sequence begins after the end of one
		*o = order{paused: o.paused}
	case superp2p.NetStreamPlayStart:
		may = !o.started
		o.started = true
	case superp2p.NetStreamBufferFull:
		may = may && !o.full && !o.stopped && !o.seeking
		o.full = true
	case superp2p.NetStreamBufferEmpty:
		may = may && o.full
		o.full = false
	case superp2p.NetStreamBufferFlush:
		may = may && (!o.flushed || o.sought) && !o.stopped && !o.seeking // a seek outside what is held leads to another end
		o.flushed, o.sought = true, false
	case superp2p.NetStreamPlayStop:
		may = may && o.flushed && !o.stopped && !o.paused && !o.seeking
		o.stopped = true
	case superp2p.NetStreamPauseNotify:
		may = !o.paused
		o.paused = true
	case superp2p.NetStreamUnpauseNotify:
		may = o.paused
		o.paused = false
	case superp2p.NetStreamSeekStartNotify:
		may = true
		o.seeking = true
		if o.stopped {
			o.stopped, o.flushed = false, false
		}
	case superp2p.NetStreamSeekNotify:
		may = may && o.seeking
		o.seeking, o.sought = false, true
	case superp2p.NetStreamStepNotify:
		may = may && o.paused
		if o.stopped {
			o.stopped, o.flushed = false, false
		}
	case superp2p.NetStreamPlayTransition:
		may = true
		if e.Info.Level != "status" {
			break
		}
		if o.flushed = false; o.stopped { // what is appended then begins anew
			*o = order{paused: o.paused}
		}
	default:
		may = true
		if e.Info.Level == "error" && e.Info.Code != superp2p.NetStreamSeekInvalidTime && e.Info.Code != superp2p.NetStreamSeekFailed {
			may = e.Err != nil && e.Info.Description != ""
			o.failed = true
		}
	}
	if may && !was.failed {
		return ""
	}
	return fmt.Sprintf("%s may not come now: %+v", e.Info.Code, was)
}

// judge follows the events of the plays of a stream, which their StreamID tells apart.
type judge struct {
	mu    sync.Mutex
	plays map[string]*order
	wrong []string
	began int
}

func (j *judge) told(e superp2p.NetStatusEvent) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if e.Info.Code == superp2p.NetStreamSeekInvalidTime || e.Info.Stream != nil { // their Details are a time, and a peer
		return
	}
	o := j.plays[e.Info.Details]
	if o == nil {
		o = &order{}
		j.plays[e.Info.Details] = o
	}
	if wrong := o.follow(&e); wrong != "" {
		j.wrong = append(j.wrong, wrong)
	}
}

// config names the next play.
func (j *judge) config() *superp2p.PlayConfig {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.began++
	return &superp2p.PlayConfig{Delay: 2 * time.Second, StreamID: strconv.Itoa(j.began)}
}

func (j *judge) verdict() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.wrong
}

// any calls one of the methods that control playback.
func (j *judge) any(s *superp2p.P2PNetStream, pick func(int) int, urls []string) {
	d := time.Duration(pick(25_000)-1000) * time.Millisecond
	switch pick(20) {
	case 0, 1:
		_ = s.Play(urls[pick(len(urls))], j.config())
	case 2:
		_ = s.Close()
	case 3, 4, 5, 6:
		_ = s.Seek(d)
	case 7:
		_ = s.Pause()
	case 8:
		_ = s.Resume()
	case 9:
		_ = s.TogglePause()
	case 10:
		_ = s.Step(pick(20) - 10)
	case 11:
		s.SetBufferTime(d / 20)
		s.SetBackBufferTime(d)
		s.SetBufferTimeMax(d / 2)
		s.SetMaxPauseBufferTime(d)
	case 12:
		s.ReceiveAudio(pick(2) > 0)
		s.ReceiveVideo(pick(2) > 0)
		s.ReceiveVideoFPS(float64(pick(30)))
	case 13:
		_ = s.Play2(superp2p.NetStreamPlayOptions{
			StreamName: urls[pick(len(urls))], Start: max(d, 0) * time.Duration(pick(2)), Len: max(d, 0) / 10 * time.Duration(pick(2)),
			Offset: max(d, 0) * time.Duration(pick(2)),
			Transition: []superp2p.Transition{
				superp2p.TransitionSwitch, superp2p.TransitionAppend, superp2p.TransitionStop, superp2p.TransitionResume,
			}[pick(4)],
		})
	case 14:
		_, _, _, _ = s.Time(), s.BufferLength(), s.BackBufferLength(), s.LiveDelay()
		_, _, _, _ = s.Info(), s.MulticastInfo(), s.CurrentFPS(), s.DecodedFrames()
		_, _, _, _ = s.AudioCodec(), s.BytesTotal(), s.FarID(), s.State()
	default:
		_ = s.Seek(0)
	}
}

func TestAnyCallsKeepTheRules(t *testing.T) {
	film, err := os.ReadFile(stagetest.Clip(t))
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		s, err := superp2p.NewP2PNetStream(superp2p.Config{Unpaced: rapid.Bool().Draw(t, "unpaced"), StartTimeout: time.Second})
		require.NoError(t, err)
		defer s.Close() //nolint:errcheck // rapid gives up some runs in the middle
		j := &judge{plays: map[string]*order{}}
		s.OnNetStatus(j.told)
		pick := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "pick") }
		_ = s.Play("", j.config())
		at := 0
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				n := min(rapid.IntRange(1, 100_000).Draw(t, "bytes"), len(film)-at)
				if s.AppendBytes(film[at:at+n]) == nil {
					at = (at + n) % len(film)
				}
			},
			"action": func(*rapid.T) {
				action := []superp2p.AppendBytesAction{superp2p.ResetBegin, superp2p.ResetSeek, superp2p.EndSequence}[pick(3)]
				if s.AppendBytesAction(action) == nil {
					at = 0
					if action == superp2p.ResetSeek {
						at = 13
					}
				}
			},
			"call": func(*rapid.T) { j.any(s, pick, []string{"", " "}) },
			"":     func(t *rapid.T) { require.Empty(t, j.verdict()) },
		})
		require.NoError(t, s.Close())
		require.Empty(t, j.verdict())
	})
}

func TestStreamsAtRandom(t *testing.T) {
	streams, lasts := 200, time.Minute
	if testing.Short() {
		streams, lasts = 20, 3*time.Second
	}
	films := stagetest.Films(t)
	lists := stagetest.Folder(t, stagetest.Playlists(t))
	st := onAir(t, func(c *config.Config) { c.Origins = []string{"127.0.0.1"} })
	urls := []string{
		st.Channel(), st.SourceURL(), films.URL + "/first.mp4", films.URL + "/film.flv", lists.URL + "/ts/index.m3u8",
		lists.URL + "/apart/master.m3u8", "nobody", "",
	}
	end := time.Now().Add(lasts)
	var wg sync.WaitGroup
	for i := range streams {
		wg.Go(func() {
			s, err := superp2p.NewP2PNetStream(superp2p.Config{
				Server: st.ServerURL(), Loopback: true, Unpaced: i%4 == 0, Memory: 4 << 20, NoPeers: i%8 != 0,
			})
			if err != nil {
				t.Error(err)
				return
			}
			j := &judge{plays: map[string]*order{}}
			s.OnNetStatus(j.told)
			stop := make(chan struct{})
			var readers sync.WaitGroup
			readers.Go(func() {
				buf := make([]byte, 32<<10)
				for {
					select {
					case <-stop:
						return
					default:
					}
					if _, err := s.Read(buf); err != nil {
						time.Sleep(10 * time.Millisecond)
					}
				}
			})
			var callers sync.WaitGroup
			for k := range 2 {
				callers.Go(func() {
					r := rand.New(rand.NewPCG(uint64(i), uint64(k))) //nolint:gosec // it is to be the same each time
					for time.Now().Before(end) {
						j.any(s, r.IntN, urls)
						time.Sleep(time.Duration(r.IntN(200)) * time.Millisecond)
					}
				})
			}
			callers.Wait()
			close(stop)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			readers.Wait()
			for _, wrong := range j.verdict() {
				t.Error(wrong)
			}
		})
	}
	wg.Wait()
}
