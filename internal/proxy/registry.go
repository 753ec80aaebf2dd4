package proxy

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/superp2p/superp2p"
)

const (
	// keepListing is how long what a playlist listed is remembered after it was asked for last: players pause.
	keepListing = 10 * time.Minute
	// maxListings bounds how many playlists are remembered, and maxPieces what is remembered of them all; the playlist that was
	// asked for last always is.
	maxListings = 64
	maxPieces   = 64 << 10
	// spareLoads is for how many more loads a segment is remembered that went from a live playlist.
	spareLoads = 30
	maxMaps    = 8 // whose bytes one playlist keeps
)

// piece is a segment or an initialization segment of a playlist.
type piece struct {
	superp2p.Resource
	segment *superp2p.Segment // nil of an initialization segment
	load    int               // which listed it last
}

// listing is what the playlists of one stream listed, so that a player's request for a segment finds its stream. It belongs
// to the registry's mutex.
type listing struct {
	target Target
	pieces map[string][]piece // by address, each in order of offset
	count  int
	loads  int
	first  int64 // the last load's first sequence number, and the number after its last
	next   int64
	used   time.Time
	maps   []mapBytes // the newest last
}

type mapBytes struct {
	of superp2p.Resource
	b  []byte
}

// registry is what playlists listed that players asked for, also of streams that are closed by now. Only that is loaded for who
// asks for a segment: the proxy is none for other things.
type registry struct {
	now func() time.Time

	mu       sync.Mutex
	listings map[key]*listing
	count    int
}

// add remembers what a load of the playlist of t listed.
func (r *registry) add(k key, t Target, load *superp2p.Playlist) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.listings[k]
	if l == nil {
		l = &listing{target: t, pieces: map[string][]piece{}}
		r.listings[k] = l
	}
	l.used = r.now()
	r.count -= l.count
	l.add(load)
	r.count += l.count
	r.trim(l)
}

func (l *listing) add(list *superp2p.Playlist) {
	if l.loads == 0 || list.First != l.first || list.Next != l.next {
		l.loads++
		l.first, l.next = list.First, list.Next
	}
	var last *superp2p.Resource
	for i := range list.Segments {
		s := &list.Segments[i]
		l.put(piece{Resource: s.Resource, segment: s, load: l.loads})
		if s.Map != nil && s.Map != last {
			last = s.Map
			l.put(piece{Resource: *s.Map, load: l.loads})
		}
	}
	for where, all := range l.pieces {
		if kept := slices.DeleteFunc(all, func(p piece) bool { return p.load+spareLoads < l.loads }); len(kept) < len(all) {
			l.count -= len(all) - len(kept)
			if l.pieces[where] = kept; len(kept) == 0 {
				delete(l.pieces, where)
			}
		}
	}
}

func (l *listing) put(p piece) {
	where, ok := address(p.URL)
	if !ok {
		return
	}
	all := l.pieces[where]
	i, there := slices.BinarySearchFunc(all, p, func(a, b piece) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Length, b.Length))
	})
	if there {
		all[i] = p
		return
	}
	l.pieces[where] = slices.Insert(all, i, p)
	l.count++
}

// trim forgets what nobody asked for of late, or the oldest if it is too much. l stays.
func (r *registry) trim(l *listing) {
	now := r.now()
	for {
		var oldest key
		var found *listing
		for k, other := range r.listings {
			if other != l && (found == nil || other.used.Before(found.used)) {
				oldest, found = k, other
			}
		}
		if found == nil || now.Sub(found.used) < keepListing && len(r.listings) <= maxListings && r.count <= maxPieces {
			return
		}
		r.count -= found.count
		delete(r.listings, oldest)
	}
}

// find returns what is known at an address: the listing that was asked for last of those that have it, and its pieces.
func (r *registry) find(where string) (*listing, Target, []piece) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found *listing
	for _, l := range r.listings {
		if l.pieces[where] != nil && (found == nil || l.used.After(found.used)) {
			found = l
		}
	}
	if found == nil || r.now().Sub(found.used) >= keepListing {
		return nil, Target{}, nil
	}
	found.used = r.now()
	return found, found.target, slices.Clone(found.pieces[where])
}

// mapOf returns the bytes of an initialization segment that were kept, nil if none were.
func (r *registry) mapOf(l *listing, p *piece) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range l.maps {
		if l.maps[i].of == p.Resource {
			return l.maps[i].b
		}
	}
	return nil
}

func (r *registry) keepMap(l *listing, p *piece, b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(l.maps) == maxMaps {
		l.maps = slices.Delete(l.maps, 0, 1)
	}
	l.maps = append(l.maps, mapBytes{p.Resource, b})
}
