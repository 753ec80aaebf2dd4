package proxy

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/superp2p/superp2p"
)

const (
	// maxTwins bounds how many addresses are remembered as another's.
	maxTwins = 256
	// maxNames bounds the names of a stream.
	maxNames = 16
)

// twin returns the key of an open stream that k means too: two players of one stream usually have addresses that differ
// in a signature. Which query keys only sign is the server's to know, and whether it plays k at all, so that it is asked
// when a stream of the same path is open. Otherwise it returns k.
func (p *Proxy) twin(ctx context.Context, k key) key {
	p.mu.Lock()
	of, known := p.twins[k]
	if !known {
		of = k
	}
	if p.streams[of] != nil {
		p.mu.Unlock()
		return of
	}
	like := slices.DeleteFunc(slices.Collect(maps.Values(p.streams)), func(s *stream) bool {
		return s.key.delay != k.delay || path(s.key.play) != path(k.play)
	})
	p.mu.Unlock()
	if len(like) == 0 {
		return k
	}
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Media.StartTimeout)
	defer cancel()
	means, err := superp2p.Resolve(ctx, p.cfg.Media, k.play, nil)
	if err != nil {
		return k // opening it will tell
	}
	for _, s := range like {
		select {
		case <-s.ready:
		case <-ctx.Done():
			return k
		}
		p.mu.Lock()
		same := s.media != nil && p.streams[s.key] == s && s.info.Stream == means
		if same && len(p.twins) < maxTwins {
			p.twins[k] = s.key
		}
		p.mu.Unlock()
		if same {
			return s.key
		}
	}
	return k
}

func path(address string) string {
	before, _, _ := strings.Cut(address, "?")
	return before
}

// addName makes /stat find s by one more name. The Proxy's mutex is held.
func (s *stream) addName(name string) {
	if len(s.names) < maxNames && !slices.Contains(s.names, name) {
		s.names = append(s.names, name)
	}
}
