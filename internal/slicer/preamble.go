package slicer

import (
	"slices"

	"github.com/superp2p/superp2p/internal/flv"
)

// maxConfig is the largest configuration that travels in preambles, in bytes. An onMetaData with the index of a whole
// file may be larger; it travels without what holds only for the file.
const maxConfig = 8 << 10

// maxConfigs bounds how many configurations are kept: onMetaData, and a few tracks of each kind.
const maxConfigs = 6

// preamble is what a decoder needs before it can start.
type preamble struct {
	configs []config
}

type config struct {
	key flv.ConfigKey
	tag flv.Tag
}

// learn keeps t if it is a configuration, in place of the one before it.
func (p *preamble) learn(t *flv.Tag) {
	key, ok := t.Config()
	if ok && t.Size() > maxConfig && t.IsMetadata() {
		t = &flv.Tag{Type: t.Type, Timestamp: t.Timestamp, Body: flv.CompleteMetadata(t.Body, nil, nil)}
	}
	if !ok || t.Size() > maxConfig {
		return
	}
	for i := range p.configs {
		if p.configs[i].key == key {
			p.configs[i].tag = *t
			p.forget(t.Type, key)
			return
		}
	}
	if len(p.configs) == maxConfigs {
		return
	}
	p.configs = append(p.configs, config{key, *t})
	slices.SortStableFunc(p.configs, func(a, b config) int { return rank(a.key) - rank(b.key) })
}

// forget drops the information that described the codec before a new sequence header.
func (p *preamble) forget(typ flv.Type, key flv.ConfigKey) {
	if key.Information || typ == flv.Script {
		return
	}
	p.configs = slices.DeleteFunc(p.configs, func(c config) bool {
		return c.key.Type == typ && c.key.Information && c.key.Track == key.Track
	})
}

// rank orders configurations as players expect them: onMetaData, video, audio.
func rank(k flv.ConfigKey) int {
	r := 0
	switch k.Type {
	case flv.Video:
		r = 1 << 10
	case flv.Audio:
		r = 2 << 10
	}
	if k.Information {
		r += 1 << 9
	}
	return r + int(k.Track)
}

// append appends the preamble of a group that starts at track time at.
func (p *preamble) append(b []byte, at int64) []byte {
	for i := range p.configs {
		t := p.configs[i].tag
		t.Timestamp = uint32(at)
		b = flv.AppendTag(b, &t)
	}
	return b
}

// size returns how many bytes append appends.
func (p *preamble) size() int {
	n := 0
	for i := range p.configs {
		n += p.configs[i].tag.Size()
	}
	return n
}
