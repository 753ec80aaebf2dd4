package diskcache

import (
	"cmp"
	"container/list"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/slice"
)

// Config says where and how much.
type Config struct {
	// Dir is the directory, made if it is missing. Needed. One Cache at a time should use it.
	Dir string
	// MaxBytes limits what is kept, in bytes; what was not used for the longest time goes first. If zero, 1 GiB.
	MaxBytes int64
	// Logger gets what cannot be written. If nil, nothing is logged.
	Logger *slog.Logger
}

// queued is how many slices wait to be written; more are left out, since a slow disk must not hold up playing.
const queued = 256

// largest is the largest file that is one of ours.
const largest = slice.MaxPayload + slice.MaxEntries*(32+5) + 1024

// Cache keeps slices on disk. Make one with Open, end it with Close.
type Cache struct {
	root  *os.Root
	max   int64
	log   *slog.Logger
	queue chan item
	done  chan struct{} // closed when the writer has ended

	mu     sync.Mutex
	closed bool
	places map[name]*list.Element // of place
	order  *list.List             // the one used last in front
	bytes  int64
	failed bool // has been logged
}

type name struct {
	track  slice.TrackID
	number slice.Number
}

type place struct {
	name
	size int64
}

type item struct {
	name
	frame []byte
}

func (n name) path() string {
	return filepath.Join(n.track.String(), strconv.FormatUint(uint64(n.number), 10))
}

// Open returns a Cache of what is in a directory already and of what will be put there.
//
// Errors: fault.ConfigInvalid if the directory cannot be used.
func Open(cfg Config) (*Cache, error) {
	if cfg.MaxBytes <= 0 {
		cfg.MaxBytes = 1 << 30
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	err := os.MkdirAll(cfg.Dir, 0o700)
	var root *os.Root
	if err == nil {
		root, err = os.OpenRoot(cfg.Dir)
	}
	if err != nil {
		return nil, fault.Wrap(fault.ConfigInvalid, "the cache's directory cannot be used; choose one that can be written to", err)
	}
	c := &Cache{
		root: root, max: cfg.MaxBytes, log: cfg.Logger, queue: make(chan item, queued), done: make(chan struct{}),
		places: map[name]*list.Element{}, order: list.New(),
	}
	c.find()
	c.trim()
	go c.write()
	return c, nil
}

// find takes in what is there from before. What is not ours is left alone.
func (c *Cache) find() {
	type found struct {
		place
		used time.Time
	}
	var all []found
	_ = fs.WalkDir(c.root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		dir, file := filepath.Split(filepath.FromSlash(path))
		track, ok := slice.ParseTrackID(filepath.Clean(dir))
		n, err := strconv.ParseUint(file, 10, 48)
		info, statErr := d.Info()
		if !ok || err != nil || statErr != nil || info.Size() > largest {
			return nil
		}
		all = append(all, found{place{name{track, slice.Number(n)}, info.Size()}, info.ModTime()})
		return nil
	})
	slices.SortFunc(all, func(a, b found) int {
		return cmp.Or(a.used.Compare(b.used), cmp.Compare(a.number, b.number))
	})
	for i := range all {
		c.add(all[i].place)
	}
}

// add notes a slice as used now. Who calls holds mu, or is alone.
func (c *Cache) add(p place) {
	if e, ok := c.places[p.name]; ok {
		c.bytes -= e.Value.(place).size
		c.order.Remove(e)
	}
	c.places[p.name] = c.order.PushFront(p)
	c.bytes += p.size
}

// trim lets go of what is too much. Who calls holds mu, or is alone.
func (c *Cache) trim() {
	for c.bytes > c.max {
		p := c.order.Back().Value.(place)
		c.forget(p.name)
		_ = c.root.Remove(p.path())
		_ = c.root.Remove(p.track.String()) // if it was the last one there
	}
}

func (c *Cache) forget(n name) {
	if e, ok := c.places[n]; ok {
		c.bytes -= e.Value.(place).size
		c.order.Remove(e)
		delete(c.places, n)
	}
}

// Put keeps a slice, which must be proved. It does not wait for the disk: when that is slow, slices are left out.
func (c *Cache) Put(s *slice.Slice) {
	n := name{s.Proof.Track, s.Number}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, here := c.places[n]; here || c.closed {
		return
	}
	select {
	case c.queue <- item{n, slice.AppendFrame(make([]byte, 0, slice.FrameHead(s.Proof)+len(s.Payload)), s)}:
	default:
	}
}

// Get returns slice n of a track, nil if it is not kept. It proves nothing: check it like one from a peer, and Drop it if it
// is not what it should be.
func (c *Cache) Get(track slice.TrackID, n slice.Number) *slice.Slice {
	at := name{track, n}
	c.mu.Lock()
	e, here := c.places[at]
	if here {
		c.order.MoveToFront(e)
	}
	here = here && !c.closed
	c.mu.Unlock()
	if !here {
		return nil
	}
	frame, err := c.root.ReadFile(at.path())
	if err == nil && len(frame) <= largest {
		if s, err := slice.ParseFrame(track, n, frame); err == nil {
			return s
		}
	}
	c.Drop(track, n)
	return nil
}

// Drop forgets a slice.
func (c *Cache) Drop(track slice.TrackID, n slice.Number) {
	at := name{track, n}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(at)
	if !c.closed {
		_ = c.root.Remove(at.path())
	}
}

// Size returns how many bytes are kept.
func (c *Cache) Size() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes
}

// Close writes what waits and returns. What is kept stays for the next Open. It may be called twice.
func (c *Cache) Close() error {
	c.mu.Lock()
	if !c.closed {
		c.closed = true
		close(c.queue)
	}
	c.mu.Unlock()
	<-c.done
	return c.root.Close()
}

// write is the goroutine that writes.
func (c *Cache) write() {
	defer close(c.done)
	for i := range c.queue {
		err := c.root.Mkdir(i.track.String(), 0o700)
		if err == nil || errors.Is(err, fs.ErrExist) {
			err = c.root.WriteFile(i.path(), i.frame, 0o600)
		}
		c.mu.Lock()
		if err == nil {
			c.add(place{i.name, int64(len(i.frame))})
			c.trim()
		} else if !c.failed {
			c.failed = true
			c.log.Warn("the cache cannot be written to; what cannot be kept is left out", "err", err)
		}
		c.mu.Unlock()
	}
}
