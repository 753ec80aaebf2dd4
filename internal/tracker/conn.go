package tracker

import (
	"errors"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"

	"github.com/superp2p/superp2p/internal/tracker/message"
)

// conn is one peer's connection. It is the Mailbox of every peer that announced itself over it.
type conn struct {
	server *Server
	net    net.Conn
	addr   netip.Addr
	done   chan struct{} // closed with the connection
	serial uint32        // which of the counters it uses

	heard    atomic.Int64 // when bytes came last, in Unix ns
	writing  atomic.Int64 // since when a write is under way, in Unix ns; 0: none is
	pinged   atomic.Bool  // since bytes came last
	awaited  atomic.Bool  // somebody waits on life
	lifeLock sync.Mutex
	life     chan struct{} // closed when bytes come; nil if nobody waits

	mu     sync.Mutex
	out    *[]byte // frames to be written, or nil
	queued bool    // a goroutine is on its way to write out
	busy   bool    // somebody writes
	closed bool

	// The rest belongs to the reading goroutine.
	joined   []joined
	request  message.Request
	fragment []byte
	partial  bool // fragment is the beginning of a message
	invalid  int
	tokens   float64
	filled   time.Time // when tokens were counted last
}

// joined is a swarm that a connection is in.
type joined struct{ infoHash, peer message.ID }

const (
	idleBuffer = 1 << 10 // what a connection keeps while it sleeps
	busyBuffer = 8 << 10 // what it keeps while messages come: holds the usual announce
	maxBuffer  = message.MaxSize + 14

	// quiet is the silence after which a connection goes back to idleBuffer. The pong to the first ping of an idle
	// connection comes after such a silence, so that after a minute all idle connections have little.
	quiet = time.Second
)

// read serves the connection until it ends. early is what came behind the handshake.
func (c *conn) read(early []byte) {
	defer c.leaveAll()
	defer c.close()
	idle := make([]byte, idleBuffer)
	buf := idle
	start, end := 0, copy(buf, early)
	silence := time.Duration(0) // before the last read
	for {
		start, end = c.frames(buf, start, end)
		if start < 0 {
			return
		}
		if start == end {
			start, end = 0, 0
			if silence > quiet || len(buf) > busyBuffer {
				buf = idle
			}
		} else if start > 0 {
			start, end = 0, copy(buf, buf[start:end])
		}
		if end == len(buf) { // It grows by what has come, not by the size in a header: that costs the sender nothing.
			buf = append(make([]byte, 0, min(2*len(buf), maxBuffer)), buf...)
			buf = buf[:cap(buf)]
		}
		n, err := c.net.Read(buf[end:])
		if n > 0 {
			silence = c.alive()
			end += n
		}
		if err != nil {
			return
		}
	}
}

// frames handles all whole frames of buf[start:end] and returns where the rest begins; start < 0 ends the connection.
func (c *conn) frames(buf []byte, start, end int) (int, int) {
	for {
		f, need, err := parseFrame(buf[start:end])
		if err == nil && need > end-start {
			return start, end
		}
		if err == nil {
			err = c.frame(f)
		}
		if err != nil {
			c.goodbye(err)
			return -1, 0
		}
		start += need
	}
}

var errClosed = errors.New("the peer closes")

func (c *conn) frame(f frame) error {
	switch f.op {
	case ws.OpPing:
		c.postFrame(ws.OpPong, f.payload)
		return nil
	case ws.OpPong:
		return nil
	case ws.OpClose:
		return errClosed
	case ws.OpContinuation:
		if !c.partial {
			return errFragment
		}
	default:
		if c.partial {
			return errFragment
		}
		if f.fin {
			return c.handle(f.payload)
		}
		c.partial = true
	}
	if len(c.fragment)+len(f.payload) > message.MaxSize {
		return errTooBig
	}
	c.fragment = append(c.fragment, f.payload...)
	if !f.fin {
		return nil
	}
	whole := c.fragment
	c.fragment, c.partial = nil, false
	return c.handle(whole)
}

// goodbye closes the connection with the status that err asks for.
func (c *conn) goodbye(err error) {
	status := []byte{byte(ws.StatusNormalClosure >> 8), byte(ws.StatusNormalClosure & 0xFF)}
	var broken *frameError
	if errors.As(err, &broken) {
		status = append([]byte{byte(broken.status >> 8), byte(broken.status & 0xFF)}, broken.reason...)
		c.server.count(c).broken.Add(1)
	}
	c.postFrame(ws.OpClose, status)
	c.write()
	c.close()
}

// alive notes that bytes came, and returns after how long a silence.
func (c *conn) alive() time.Duration {
	now := c.server.cfg.Now().UnixNano()
	silence := time.Duration(now - c.heard.Swap(now))
	c.pinged.Store(false)
	if c.awaited.Load() {
		c.lifeLock.Lock()
		if c.life != nil {
			close(c.life)
		}
		c.life = nil
		c.awaited.Store(false)
		c.lifeLock.Unlock()
	}
	return silence
}

// Probe implements Mailbox: it pings the peer and waits for anything to come.
func (c *conn) Probe() bool {
	c.lifeLock.Lock()
	if c.life == nil {
		c.life = make(chan struct{})
		c.awaited.Store(true)
	}
	life := c.life
	c.lifeLock.Unlock()
	c.ping()
	timeout := time.NewTimer(c.server.cfg.ProbeTimeout)
	defer timeout.Stop()
	select {
	case <-life:
		return true
	case <-c.done:
	case <-timeout.C:
		c.close()
	}
	return false
}

func (c *conn) ping() {
	c.pinged.Store(true)
	c.postFrame(ws.OpPing, nil)
}

// Addr implements Mailbox.
func (c *conn) Addr() netip.Addr { return c.addr }

// Post implements Mailbox.
func (c *conn) Post(msg []byte) bool { return c.postFrame(ws.OpText, msg) }

// postFrame queues a frame and sees to it that it is written soon, elsewhere: a write may block.
func (c *conn) postFrame(op ws.OpCode, payload []byte) bool {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return false
	}
	if c.out == nil {
		c.out = c.server.buffers.get()
	}
	if len(*c.out)+len(payload) > c.server.cfg.MaxQueue {
		c.server.count(c).slow.Add(1)
		c.closeLocked()
		c.mu.Unlock()
		return false
	}
	*c.out = appendFrame(*c.out, op, payload)
	first := !c.queued && !c.busy
	c.queued = c.queued || first
	c.mu.Unlock()
	if first {
		c.server.writers.Go(c.writeSoon)
	}
	return true
}

// writeSoon lets whoever is about to post something do so first. A write is the dearest thing that a tracker does,
// and what is due to one connection comes in bunches: under load this halves the writes.
func (c *conn) writeSoon() {
	runtime.Gosched()
	c.write()
}

// write writes what is queued, unless somebody is at it already.
func (c *conn) write() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queued = false
	if c.busy {
		return // who writes looks again before it stops
	}
	c.busy = true
	for c.out != nil && !c.closed {
		frames := c.out
		c.out = nil
		c.mu.Unlock()
		c.writing.Store(c.server.cfg.Now().UnixNano())
		_, err := c.net.Write(*frames)
		c.writing.Store(0)
		c.server.buffers.put(frames)
		c.mu.Lock()
		if err != nil {
			c.closeLocked()
		}
	}
	c.busy = false
}

// close ends the connection; the reader then takes its peers out of their swarms.
func (c *conn) close() {
	c.mu.Lock()
	c.closeLocked()
	c.mu.Unlock()
}

func (c *conn) closeLocked() {
	if !c.closed {
		c.closed = true
		close(c.done)
		_ = c.net.Close()
	}
}

func (c *conn) leaveAll() {
	for _, j := range c.joined {
		c.server.cfg.Broker.Leave(c, j.infoHash, j.peer)
	}
	c.joined = nil
	c.server.gone(c)
}
