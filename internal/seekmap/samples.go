package seekmap

import "math"

// cursor goes over the samples of a track in the order of decoding, through its tables at once.
type cursor struct {
	t     *track
	total uint32
	whole bool // go by chunks instead of samples: of PCM each sample has a few bytes

	sample uint32 // the current one, from 1
	time   uint64 // when it is decoded, in ticks of the track
	length uint64 // how long it lasts, in ticks
	offset int64

	run             int // entry of stts
	runLeft         uint32
	entry           int // of stsc
	chunk           int
	chunkLeft       uint32
	nextTime, place uint64
}

// cursor returns a cursor before the first sample of t; chunks allows it to take chunks as a whole.
func (f *file) cursor(t *track, chunks bool) (*cursor, error) {
	if t.stts == nil || t.stsc == nil || t.stsz == nil || t.timescale == 0 || len(t.stsc.Entries) == 0 {
		return nil, damage("a track of the MP4 file lacks a table, so times in it can only be guessed")
	}
	c := &cursor{t: t, total: t.stsz.SampleNumber, chunk: -1, run: -1}
	c.whole = chunks && t.stsz.SampleUniformSize > 0 && len(t.stts.SampleCount) == 1
	if !c.whole {
		f.samples += int64(c.total)
	}
	if f.samples > int64(f.options.MaxSamples) {
		return nil, damage("the MP4 file has more samples than the limit, so times in it can only be guessed")
	}
	return c, nil
}

// next goes to the next sample, and returns whether there is one.
func (c *cursor) next() bool {
	t := c.t
	for c.chunkLeft == 0 {
		if c.chunk++; c.chunk >= len(t.chunks) {
			return false
		}
		for c.entry+1 < len(t.stsc.Entries) && int64(t.stsc.Entries[c.entry+1].FirstChunk) <= int64(c.chunk)+1 {
			c.entry++
		}
		c.chunkLeft = t.stsc.Entries[c.entry].SamplesPerChunk
		c.place = t.chunks[c.chunk]
	}
	if c.sample >= c.total {
		return false
	}
	step := uint32(1)
	if c.whole {
		step = min(c.chunkLeft, c.total-c.sample)
		c.chunkLeft = step
	}
	if c.whole { // one run, which the last sample may exceed
		c.length = uint64(step) * uint64(t.stts.SampleTimeDelta[0])
	} else {
		for c.runLeft == 0 && c.run+1 < len(t.stts.SampleCount) {
			c.run++
			c.runLeft = t.stts.SampleCount[c.run]
		}
		if c.runLeft == 0 {
			return false // the tables contradict each other: what has no time does not count
		}
		c.runLeft--
		c.length = uint64(t.stts.SampleTimeDelta[c.run])
	}
	if c.place > math.MaxInt64 {
		return false
	}
	c.time = c.nextTime
	c.nextTime += c.length // 2^32 samples of less than 2^32 ticks
	c.offset = int64(c.place)
	size := uint64(t.stsz.SampleUniformSize)
	if size == 0 {
		size = uint64(t.stsz.SampleSize[c.sample])
	}
	c.place += size * uint64(step)
	c.sample += step
	c.chunkLeft -= step
	return true
}
