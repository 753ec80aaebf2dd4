package peer

import (
	"path/filepath"

	"github.com/superp2p/superp2p/internal/peer/diskcache"
)

// nodeCache is a cache on disk that viewers of a Node share: two of one directory would delete what the other has.
type nodeCache struct {
	*diskcache.Cache
	dir   string
	users int
}

// cache returns the cache that cfg names, opened if need be, nil if it names none; freeCache must follow.
func (n *Node) cache(cfg *Config) (*nodeCache, error) {
	if cfg.CacheDir == "" {
		return nil, nil
	}
	dir := filepath.Clean(cfg.CacheDir)
	n.disk.Lock()
	defer n.disk.Unlock()
	c := n.caches[dir]
	if c == nil {
		opened, err := diskcache.Open(diskcache.Config{Dir: dir, MaxBytes: cfg.CacheBytes, Logger: cfg.Logger})
		if err != nil {
			return nil, err
		}
		c = &nodeCache{Cache: opened, dir: dir}
		n.caches[dir] = c
	}
	c.users++
	return c, nil
}

// freeCache gives a cache back, nil for none. The last one waits until what was seen is on the disk.
func (n *Node) freeCache(c *nodeCache) {
	if c == nil {
		return
	}
	n.disk.Lock()
	defer n.disk.Unlock()
	if c.users--; c.users == 0 {
		delete(n.caches, c.dir)
		_ = c.Close() // what could not be written was logged
	}
}
