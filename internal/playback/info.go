package playback

import (
	"time"

	"github.com/superp2p/superp2p/internal/flv"
)

// Info counts, with the names of flash.net.NetStreamInfo. Bytes are those of tag bodies, as they are in the source.
// Rates are of the last second before the last call that took the time, in bytes a second.
type Info struct {
	ByteCount, AudioByteCount, VideoByteCount, DataByteCount uint64 // appended, in all

	CurrentBytesPerSecond  float64 // appended
	MaxBytesPerSecond      float64 // the highest of those so far
	AudioBytesPerSecond    float64
	VideoBytesPerSecond    float64
	DataBytesPerSecond     float64
	PlaybackBytesPerSecond float64 // delivered

	AudioBufferByteLength, VideoBufferByteLength, DataBufferByteLength int // held to be played, in bytes
	AudioBufferLength, VideoBufferLength, DataBufferLength             time.Duration

	DroppedFrames uint64 // pictures that were never delivered because a live stream jumped forward
}

// Info returns the counts.
func (p *Player) Info() Info {
	c := &p.count
	i := Info{
		ByteCount: c.total(), AudioByteCount: c.bytes[0], VideoByteCount: c.bytes[1], DataByteCount: c.bytes[2],
		CurrentBytesPerSecond: c.in.rate(c.tenth(p.now)), MaxBytesPerSecond: c.highest,
		AudioBytesPerSecond:    c.of[0].rate(c.tenth(p.now)),
		VideoBytesPerSecond:    c.of[1].rate(c.tenth(p.now)),
		DataBytesPerSecond:     c.of[2].rate(c.tenth(p.now)),
		PlaybackBytesPerSecond: c.out.rate(c.tenth(p.now)),
		AudioBufferByteLength:  p.buf.bytes[0], VideoBufferByteLength: p.buf.bytes[1], DataBufferByteLength: p.buf.bytes[2],
		DroppedFrames: c.dropped,
	}
	position := p.position()
	if i.AudioBufferByteLength > 0 {
		i.AudioBufferLength = max(c.newest[0]-position, 0)
	}
	if i.VideoBufferByteLength > 0 {
		i.VideoBufferLength = max(c.newest[1]-position, 0)
	}
	if i.DataBufferByteLength > 0 {
		i.DataBufferLength = p.BufferLength()
	}
	return i
}

// Time returns where the playhead is on the stream's line of time; 0 before the first frame.
func (p *Player) Time() time.Duration { return p.position() }

// BufferLength returns how much is held after the playhead.
func (p *Player) BufferLength() time.Duration { return p.length() }

// BackBufferLength returns how much is held before the playhead.
func (p *Player) BackBufferLength() time.Duration {
	if p.buf.head == 0 {
		return 0
	}
	return max(p.position()-p.buf.entries[0].at, 0)
}

// CurrentFPS returns how many pictures were shown in the last second.
func (p *Player) CurrentFPS() float64 { return p.count.pictures.rate(p.count.tenth(p.now)) }

// DecodedFrames returns how many pictures were delivered, in all.
func (p *Player) DecodedFrames() uint64 { return p.count.decoded }

// counters are what Info is made of.
type counters struct {
	epoch    time.Time
	bytes    [3]uint64 // audio, video, data
	in, out  meter
	of       [3]meter
	pictures meter
	highest  float64
	decoded  uint64
	dropped  uint64
	newest   [2]time.Duration // positions of the newest audio and video
}

func (c *counters) total() uint64 { return c.bytes[0] + c.bytes[1] + c.bytes[2] }

// tenth returns how many tenths of a second now is after the first call.
func (c *counters) tenth(now time.Time) int64 {
	return int64(now.Sub(c.epoch) / (100 * time.Millisecond))
}

func (c *counters) received(now time.Time, t *flv.Tag) {
	n, at, k := uint64(len(t.Body)), c.tenth(now), kindOf(t.Type)
	c.bytes[k] += n
	c.of[k].add(at, n)
	c.in.add(at, n)
	c.highest = max(c.highest, c.in.rate(at))
}

func (c *counters) delivered(now time.Time, a *Action) {
	at := c.tenth(now)
	c.out.add(at, uint64(len(a.Tag.Body)))
	if a.Tag.Type != flv.Video || !a.Tag.IsFrame() {
		return
	}
	c.decoded++
	if !a.Preroll {
		c.pictures.add(at, 1)
	}
}

// meter counts what came in the last second, in tenths of it.
type meter struct {
	at  int64 // the current tenth
	n   [10]uint64
	sum uint64
}

// roll forgets what is older than a second.
func (m *meter) roll(at int64) {
	for steps := min(at-m.at, int64(len(m.n))); steps > 0; steps-- {
		i := (at - steps + 1) % int64(len(m.n))
		m.sum -= m.n[i]
		m.n[i] = 0
	}
	m.at = max(m.at, at)
}

func (m *meter) add(at int64, n uint64) {
	m.roll(at)
	m.n[m.at%int64(len(m.n))] += n
	m.sum += n
}

func (m *meter) rate(at int64) float64 {
	m.roll(at)
	return float64(m.sum)
}
