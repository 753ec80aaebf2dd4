package remux

import (
	"slices"
)

// cursor walks the samples of a track of a progressive MP4 by its tables, without a list of them.
type cursor struct {
	*track
	count      uint32 // of samples
	n          uint32 // the sample it stands at, from 0
	dts        int64  // in the track's time scale
	offset     int64  // of the sample in the file
	timeEntry  int    // of stts
	timeLeft   uint32
	cttsEntry  int
	cttsLeft   uint32
	chunk      uint32 // from 0
	chunkEntry int    // of stsc
	inChunk    uint32
}

// newCursor returns a cursor at the first sample, after checking that the tables fit each other.
func newCursor(t *track, o *Options) (*cursor, error) {
	s := t.tables
	if s.Stts == nil || s.Stsc == nil || s.Stsz == nil || s.Stco == nil && s.Co64 == nil {
		return nil, invalid("a track of the MP4 lacks a sample table; the file is damaged")
	}
	c := &cursor{track: t, count: s.Stsz.SampleNumber}
	if int64(c.count) > int64(o.MaxEntries) {
		return nil, invalid("a track of the MP4 has %d samples, more than the limit of %d", c.count, o.MaxEntries)
	}
	var times uint64
	for _, n := range s.Stts.SampleCount {
		times += uint64(n)
	}
	if times < uint64(c.count) {
		return nil, invalid("the MP4's table stts has fewer samples than stsz; the file is damaged")
	}
	for i, e := range s.Stsc.Entries {
		if e.SamplesPerChunk == 0 || e.FirstChunk == 0 || i > 0 && e.FirstChunk <= s.Stsc.Entries[i-1].FirstChunk {
			return nil, invalid("the MP4's table stsc contradicts itself; the file is damaged")
		}
	}
	if c.count > 0 && (len(s.Stsc.Entries) == 0 || s.Stsc.Entries[0].FirstChunk != 1) {
		return nil, invalid("the MP4's table stsc contradicts itself; the file is damaged")
	}
	c.rewind()
	return c, nil
}

// rewind goes to the first sample.
func (c *cursor) rewind() {
	*c = cursor{track: c.track, count: c.count}
	if c.count == 0 {
		return
	}
	c.timeLeft = c.tables.Stts.SampleCount[0]
	c.settleTimes()
	if c.tables.Ctts != nil && c.tables.Ctts.NrSampleCount() > 0 {
		c.cttsLeft = c.tables.Ctts.SampleCount(0)
		c.settleComposition()
	}
	c.offset = c.chunkOffset()
}

func (c *cursor) done() bool { return c.n >= c.count }

// chunkOffset returns where the chunk begins; -1 if the tables do not have it.
func (c *cursor) chunkOffset() int64 {
	if c.tables.Stco != nil {
		if int(c.chunk) < len(c.tables.Stco.ChunkOffset) {
			return int64(c.tables.Stco.ChunkOffset[c.chunk])
		}
		return -1
	}
	if int(c.chunk) < len(c.tables.Co64.ChunkOffset) {
		return int64(min(c.tables.Co64.ChunkOffset[c.chunk], 1<<62))
	}
	return -1
}

func (c *cursor) size() uint32 {
	if s := c.tables.Stsz; s.SampleUniformSize > 0 {
		return s.SampleUniformSize
	}
	return c.tables.Stsz.SampleSize[c.n]
}

// composition is how much later the sample is shown than decoded, in the track's time scale.
func (c *cursor) composition() int64 {
	if c.tables.Ctts == nil || c.cttsEntry >= c.tables.Ctts.NrSampleCount() {
		return 0
	}
	return int64(c.tables.Ctts.SampleOffset[c.cttsEntry])
}

// key tells whether a decoder can start with the sample.
func (c *cursor) key() bool {
	if c.tables.Stss == nil {
		return true
	}
	_, found := slices.BinarySearch(c.tables.Stss.SampleNumber, c.n+1)
	return found
}

// advance goes to the next sample.
func (c *cursor) advance() {
	size := c.size()
	c.dts += int64(c.tables.Stts.SampleTimeDelta[c.timeEntry])
	if c.n++; c.done() {
		return
	}
	c.timeLeft--
	c.settleTimes()
	if c.cttsLeft > 0 {
		c.cttsLeft--
		c.settleComposition()
	}
	c.offset += int64(size)
	c.inChunk++
	if entries := c.tables.Stsc.Entries; c.inChunk >= entries[c.chunkEntry].SamplesPerChunk {
		c.inChunk = 0
		c.chunk++
		if c.chunkEntry+1 < len(entries) && entries[c.chunkEntry+1].FirstChunk == c.chunk+1 {
			c.chunkEntry++
		}
		c.offset = c.chunkOffset()
	}
}

func (c *cursor) settleTimes() {
	for c.timeLeft == 0 && c.timeEntry+1 < len(c.tables.Stts.SampleCount) {
		c.timeEntry++
		c.timeLeft = c.tables.Stts.SampleCount[c.timeEntry]
	}
}

func (c *cursor) settleComposition() {
	for c.cttsLeft == 0 && c.cttsEntry < c.tables.Ctts.NrSampleCount() {
		if c.cttsEntry++; c.cttsEntry < c.tables.Ctts.NrSampleCount() {
			c.cttsLeft = c.tables.Ctts.SampleCount(c.cttsEntry)
		}
	}
}

// unit returns the sample without its data.
func (c *cursor) unit() unit {
	u := unit{video: c.video, codec: c.codec}
	c.times(&u, c.dts, c.composition())
	u.key = c.video && c.key()
	return u
}
