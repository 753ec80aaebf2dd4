package playback_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/playback"
)

// legal is the order in which events may come, as an automaton that knows nothing of buffers.
type legal struct {
	started, full, paused, flushed, stopped, seeking bool
	stops                                            int
}

// follow returns what is wrong with code coming now, "" if it may come.
func (l *legal) follow(code playback.Code) string {
	may := l.started
	switch code {
	case playback.PlayStart:
		may = !l.started
		l.started = true
	case playback.BufferFull:
		may = may && !l.full && !l.stopped && !l.seeking
		l.full = true
	case playback.BufferEmpty:
		may = may && l.full && !l.flushed
		if l.seeking { // a seek may empty it also after Flush
			may = l.full
		}
		l.full = false
	case playback.BufferFlush:
		may = may && !l.flushed && !l.stopped && !l.seeking
		l.flushed = true
	case playback.PlayStop:
		may = may && l.flushed && !l.stopped && !l.paused && !l.seeking
		l.stopped = true
		l.stops++
	case playback.PlayComplete:
		may = may && l.stopped
	case playback.PauseNotify:
		may = !l.paused
		l.paused = true
	case playback.UnpauseNotify:
		may = l.paused
		l.paused = false
	case playback.SeekStartNotify:
		may = true
		l.seeking = true
		if l.stopped {
			l.stopped, l.flushed = false, false
		}
	case playback.SeekNotify:
		may = may && l.seeking
		l.seeking = false
	case playback.SeekInvalidTime, playback.SeekFailed:
		may = true
	case playback.StepNotify:
		may = may && l.paused
		if l.stopped {
			l.stopped, l.flushed = false, false
		}
	case playback.DimensionChange:
	}
	if may {
		return ""
	}
	return fmt.Sprintf("%s may not come now: %+v", code, *l)
}

// model is what the test knows of a Player by itself.
type model struct {
	*rig
	legal
	cfg     playback.Config
	source  uint32          // next timestamp, ms
	newest  time.Duration   // of what was appended since the last Flush
	sent    []uint32        // numbers of the frames appended since the last free choice of the player, not yet delivered
	exact   bool            // sent must come in full and in order
	any     map[uint32]bool // all numbers appended
	number  uint32
	last    time.Duration // the playhead, as it was
	free    bool          // the playhead may have gone anywhere: a seek, a step or a jump
	ended   bool
	bytes   uint64
	decoded uint64
}

func (m *model) tag(t *rapid.T) flv.Tag {
	m.number++
	tag := flv.Tag{Timestamp: m.source}
	switch rapid.IntRange(0, 11).Draw(t, "kind") {
	case 0:
		tag = videoHeader(m.number)
	case 1:
		tag.Type, tag.Body = flv.Script, cue(m.number).Body
	case 2, 3, 4:
		tag.Type, tag.Body = flv.Audio, body(m.number, 0xaf, 1)
	case 5:
		tag.Type, tag.Body = flv.Video, body(m.number, 0x17, 1, 0, 0, 0)
	default:
		tag.Type, tag.Body = flv.Video, body(m.number, 0x27, 1, 0, 0, 0)
	}
	m.source += uint32(rapid.SampledFrom([]int{0, 10, 23, 40, 40, 40, 300}).Draw(t, "gap"))
	return tag
}

func (m *model) appendOne(t *rapid.T) {
	tag := m.tag(t)
	before := m.p.Info().ByteCount
	err := m.p.Append(m.now, tag)
	if m.ended {
		require.Error(t, err)
		return
	}
	if err != nil {
		require.False(t, m.cfg.Live)
		require.Equal(t, before, m.p.Info().ByteCount)
		return
	}
	m.any[m.number] = true
	m.bytes += uint64(len(tag.Body))
	if tag.IsFrame() {
		m.newest = time.Duration(tag.Timestamp) * time.Millisecond
		m.sent = append(m.sent, m.number)
	}
}

// free says that the player may pass over or repeat tags from here on.
func (m *model) choose() { m.exact, m.free, m.sent = false, true, nil }

// check looks at what came out of a call.
func (m *model) check(t *rapid.T) {
	for _, a := range m.p.Actions() {
		if a.Kind == playback.Notify {
			require.Empty(t, m.follow(a.Event.Code))
			// The first frame tells where the playhead is.
			m.free = m.free || a.Event.Code == playback.PlayStart || a.Event.Code == playback.SeekNotify
			continue
		}
		n := numberOf(a.Tag)
		require.True(t, m.any[n], "a tag that was never appended")
		if !a.Tag.IsFrame() {
			continue
		}
		if a.Tag.Type == flv.Video {
			m.decoded++
		}
		require.LessOrEqual(t, a.At, m.p.Time(), "a frame is delivered before it is due")
		if m.exact {
			require.NotEmpty(t, m.sent)
			require.Equal(t, m.sent[0], n, "frames come in order, each once")
			m.sent = m.sent[1:]
		}
	}
	p := m.p
	at := p.Time()
	if !m.free {
		require.GreaterOrEqual(t, at, m.last, "the playhead went back")
		if m.paused && p.State() == playback.Paused {
			require.Equal(t, m.last, at, "the playhead moved while paused")
		}
	}
	if m.started && !m.seeking {
		require.LessOrEqual(t, at, max(m.newest, m.last), "the playhead is beyond what is held")
	}
	m.last, m.free = at, false
	require.GreaterOrEqual(t, p.BufferLength(), time.Duration(0))
	require.GreaterOrEqual(t, p.BackBufferLength(), time.Duration(0))
	require.Equal(t, m.paused, p.Paused())
	require.Equal(t, m.bytes, p.Info().ByteCount)
	require.Equal(t, m.decoded, p.DecodedFrames())
	require.Equal(t, p.State() == playback.Playing, m.started && m.full && !m.paused && !m.stopped && !m.seeking)
	if p.State() == playback.Playing && !m.cfg.Unpaced {
		require.False(t, p.Next().Before(m.now))
		require.False(t, p.Next().IsZero())
	} else {
		require.True(t, p.Next().IsZero())
	}
	i := p.Info()
	require.GreaterOrEqual(t, i.AudioBufferByteLength, 0)
	require.GreaterOrEqual(t, i.VideoBufferByteLength, 0)
	require.GreaterOrEqual(t, i.DataBufferByteLength, 0)
}

func TestAnySequenceKeepsTheRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := playback.Config{
			BufferTime:         rapid.SampledFrom([]time.Duration{0, time.Millisecond, time.Second, 5 * time.Second}).Draw(t, "buffer"),
			BufferTimeMax:      rapid.SampledFrom([]time.Duration{0, time.Second}).Draw(t, "max"),
			BackBufferTime:     rapid.SampledFrom([]time.Duration{0, -1, time.Second}).Draw(t, "back"),
			MaxPauseBufferTime: rapid.SampledFrom([]time.Duration{0, 2 * time.Second}).Draw(t, "pause"),
			MaxBytes:           rapid.SampledFrom([]int{0, 0, 30 * 137}).Draw(t, "bytes"),
			BackBytes:          rapid.SampledFrom([]int{0, 0, 30 * 137}).Draw(t, "back bytes"),
			Live:               rapid.Bool().Draw(t, "live"),
			Unpaced:            rapid.IntRange(0, 4).Draw(t, "unpaced") == 0,
		}
		m := &model{rig: newRig(t, cfg), cfg: cfg, any: map[uint32]bool{}, exact: true}
		check := func(f func()) func(*rapid.T) {
			return func(t *rapid.T) {
				if cfg.Live && (cfg.MaxBytes > 0 || m.paused) {
					m.choose() // a live stream may jump over what its limits do not hold
				}
				f()
				m.check(t)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				for range rapid.IntRange(1, 40).Draw(t, "tags") {
					check(func() { m.appendOne(t) })(t)
				}
			},
			"time": func(t *rapid.T) {
				d := time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond
				check(func() { m.now = m.now.Add(d); m.p.Tick(m.now) })(t)
			},
			"next": func(t *rapid.T) {
				for range rapid.IntRange(1, 10).Draw(t, "ticks") {
					next := m.p.Next()
					if next.IsZero() {
						return
					}
					check(func() { m.now = next; m.p.Tick(next) })(t)
					require.NotEqual(t, next, m.p.Next(), "Tick at Next is of use")
				}
			},
			"pause":  check(func() { m.p.Pause(m.now) }),
			"resume": check(func() { m.p.Resume(m.now) }),
			"toggle": check(func() { m.p.TogglePause(m.now) }),
			"end": func(t *rapid.T) {
				if rapid.IntRange(0, 3).Draw(t, "really") == 0 {
					check(func() { m.p.End(m.now); m.ended = true })(t)
				}
			},
			"seek": func(t *rapid.T) {
				to := time.Duration(rapid.IntRange(-100, 20_000).Draw(t, "to")) * time.Millisecond
				check(func() {
					if m.p.Seek(m.now, to) == playback.Sought {
						m.choose()
					}
				})(t)
			},
			"flush": func(t *rapid.T) {
				to := rapid.Uint32Range(0, 20_000).Draw(t, "to")
				check(func() {
					m.p.Flush(m.now, time.Duration(to)*time.Millisecond)
					m.flushed, m.ended = false, false
					m.stopped = false
					m.newest, m.source = time.Duration(to)*time.Millisecond, to
					m.choose()
				})(t)
			},
			"step": func(t *rapid.T) {
				n := rapid.IntRange(-10, 10).Draw(t, "frames")
				check(func() {
					if m.p.Step(m.now, n) == nil {
						m.choose()
					}
				})(t)
			},
			"buffer time": func(t *rapid.T) {
				d := time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond
				check(func() { m.p.SetBufferTime(m.now, d) })(t)
			},
			"other settings": func(t *rapid.T) {
				d := time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond
				check(func() {
					m.p.SetBufferTimeMax(m.now, d)
					m.p.SetBackBufferTime(m.now, d)
					m.p.SetMaxPauseBufferTime(m.now, d)
				})(t)
			},
		})
		// Whatever was done before, an end is played to: each frame that was appended comes out.
		check(func() { m.p.Resume(m.now) })(t)
		check(func() { m.p.End(m.now) })(t)
		stops := m.stops
		was := m.p.State() == playback.Stopped
		check(func() { m.now = m.now.Add(time.Hour); m.p.Tick(m.now) })(t)
		require.Equal(t, playback.Stopped, m.p.State())
		if m.started && !was {
			require.Equal(t, stops+1, m.stops)
		}
		if m.exact {
			require.Empty(t, m.sent, "bytes were lost")
		}
		check(func() { m.now = m.now.Add(time.Hour); m.p.Tick(m.now) })(t)
		require.LessOrEqual(t, m.stops, stops+1)
	})
}

func FuzzAppend(f *testing.F) {
	f.Add([]byte{9, 0, 0, 0, 0, 6, 0x17, 1, 0, 0, 0, 1, 8, 0xff, 0xff, 0xff, 0xff, 3, 0xaf, 1, 2}, false)
	f.Add([]byte{18, 0, 0, 0, 0, 14, 2, 0, 10, 'o', 'n', 'M', 'e', 't', 'a', 'D', 'a', 't', 'a', 8}, true)
	f.Fuzz(func(t *testing.T, b []byte, live bool) {
		p := playback.New(playback.Config{Live: live, MaxBytes: 1 << 12, BackBytes: 1 << 12, BufferTimeMax: time.Second})
		now, order, last := start, legal{}, time.Duration(0)
		look := func() {
			for _, a := range p.Actions() {
				if a.Kind == playback.Notify {
					require.Empty(t, order.follow(a.Event.Code))
				}
			}
			require.GreaterOrEqual(t, p.Time(), last)
			last = p.Time()
		}
		for len(b) >= 6 {
			n := min(int(b[5]), len(b)-6)
			tag := flv.Tag{
				Type:      flv.Type(b[0]),
				Timestamp: uint32(b[1])<<24 | uint32(b[2])<<16 | uint32(b[3])<<8 | uint32(b[4]),
				Body:      b[6 : 6+n],
			}
			now = now.Add(time.Duration(b[4]) * time.Millisecond)
			first := p.State() == playback.Idle
			_ = p.Append(now, tag)
			if first {
				last = min(last, p.Time())
			}
			look()
			b = b[6+n:]
		}
		p.End(now)
		look()
		for range 100_000 {
			next := p.Next()
			if next.IsZero() {
				break
			}
			p.Tick(next)
			look()
		}
		require.Equal(t, playback.Stopped, p.State())
	})
}
