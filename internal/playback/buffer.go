package playback

import (
	"sort"
	"time"

	"github.com/superp2p/superp2p/internal/flv"
)

// entry is one tag that is held.
type entry struct {
	tag    flv.Tag
	at     time.Duration // never before the entry in front
	config bool
	frame  bool // coded audio or video
	key    bool // a keyframe
	told   bool // was delivered
}

func (e *entry) weight() int { return len(e.tag.Body) + tagWeight }

func (e *entry) picture() bool { return e.frame && e.tag.Type == flv.Video }

// buffer holds what was played and what is to be played, in one row.
type buffer struct {
	entries []entry
	head    int // the next entry to be delivered; those before it are the back buffer
	// configs are those in force before the first entry.
	configs []config
	back    int // weight of entries[:head]
	ahead   int // weight of entries[head:]
	bytes   [3]int
	untimed int // the last so many entries wait for a frame to tell their position
}

// kindOf returns the index of a type's counters: audio, video, data.
func kindOf(t flv.Type) int {
	switch t {
	case flv.Audio:
		return 0
	case flv.Video:
		return 1
	}
	return 2
}

func (b *buffer) push(e entry) {
	b.entries = append(b.entries, e)
	b.ahead += e.weight()
	b.bytes[kindOf(e.tag.Type)] += len(e.tag.Body)
}

// place gives a position to the entries that wait for one.
func (b *buffer) place(at time.Duration) {
	for i := len(b.entries) - b.untimed; i < len(b.entries); i++ {
		b.entries[i].at = at
	}
	b.untimed = 0
}

// move makes entries[to] the next to be delivered.
func (b *buffer) move(to int) {
	for ; b.head < to; b.head++ {
		b.pass(&b.entries[b.head], 1)
	}
	for ; b.head > to; b.head-- {
		b.pass(&b.entries[b.head-1], -1)
	}
}

// pass counts e over to the back buffer, or from there with -1.
func (b *buffer) pass(e *entry, sign int) {
	b.back += sign * e.weight()
	b.ahead -= sign * e.weight()
	b.bytes[kindOf(e.tag.Type)] -= sign * len(e.tag.Body)
}

// drop forgets the first n entries, which must lie before head, and keeps the configurations among them.
func (b *buffer) drop(n int) {
	if n <= 0 {
		return
	}
	for i := range b.entries[:n] {
		e := &b.entries[i]
		b.back -= e.weight()
		if e.config {
			b.configs = withConfig(b.configs, e)
		}
	}
	clear(b.entries[:n])
	b.entries = b.entries[n:]
	b.head -= n
	b.untimed = min(b.untimed, len(b.entries))
}

// trim forgets what was played too long ago.
func (b *buffer) trim(position, keep time.Duration, bytes int) {
	n, weight := 0, b.back
	for n < b.head && (weight > bytes || position-b.entries[n].at > keep || keep == 0) {
		weight -= b.entries[n].weight()
		n++
	}
	b.drop(n)
}

// clear forgets all but the configurations.
func (b *buffer) clear() {
	b.move(len(b.entries))
	b.drop(len(b.entries))
	b.entries, b.untimed = nil, 0
}

// configsAt returns the configurations that are in force before entries[i].
func (b *buffer) configsAt(i int) []config {
	all := append([]config(nil), b.configs...)
	for k := range b.entries[:i] {
		if b.entries[k].config {
			all = withConfig(all, &b.entries[k])
		}
	}
	return all
}

// mark notes that the configuration of key that is in force before head was delivered.
func (b *buffer) mark(key flv.ConfigKey) {
	for i := b.head - 1; i >= 0; i-- {
		e := &b.entries[i]
		if !e.config {
			continue
		}
		if k, _ := e.tag.Config(); k == key {
			e.told = true
			return
		}
	}
	for i := range b.configs {
		if b.configs[i].key == key {
			b.configs[i].told = true
		}
	}
}

// start returns the last entry, not before from, at which decoders can start and that is not after at; -1 if there is
// none. Without pictures that is any frame.
func (b *buffer) start(from int, at time.Duration) int {
	end := sort.Search(len(b.entries), func(i int) bool { return b.entries[i].at > at })
	pictures, sound := false, -1
	for i := end - 1; i >= from; i-- {
		e := &b.entries[i]
		switch {
		case e.key:
			return i
		case e.picture():
			pictures = true
		case e.frame && sound < 0:
			sound = i
		}
	}
	for i := max(end, from); i < len(b.entries) && !pictures; i++ {
		pictures = b.entries[i].picture()
	}
	if pictures || sound < 0 {
		return -1
	}
	// Frames of one moment belong together.
	for sound > from && b.entries[sound-1].at == b.entries[sound].at && b.entries[sound-1].frame {
		sound--
	}
	return sound
}

const (
	// Larger configurations and those of further tracks are not repeated: nobody has such, and they would be held on top
	// of the limits.
	maxConfig = 1 << 20
	maxTracks = 16
)

// repeatable tells whether t is a configuration that is kept for decoders that start later.
func repeatable(t *flv.Tag) bool {
	key, ok := t.Config()
	return ok && len(t.Body) <= maxConfig && key.Track < maxTracks
}

// config is a configuration in force.
type config struct {
	key     flv.ConfigKey
	tag     flv.Tag
	told    bool // was delivered
	pending bool // is to be delivered before the next frame
}

// withConfig returns all with e's configuration in the place of the one that it replaces, metadata first.
func withConfig(all []config, e *entry) []config {
	key, _ := e.tag.Config()
	c := config{key: key, tag: e.tag, told: e.told, pending: true}
	for i := range all {
		if all[i].key == key {
			all[i] = c
			return all
		}
	}
	all = append(all, c)
	if key.Type == flv.Script {
		copy(all[1:], all[:len(all)-1])
		all[0] = c
	}
	return all
}
