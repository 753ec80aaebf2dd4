package peer

import (
	"sync"

	"github.com/superp2p/superp2p/internal/peer/webrtclink"
)

// inboxBytes is how many bytes of peers' messages may wait for the loop before the links that bring more are held up.
const inboxBytes = 4 << 20

// item is one thing for the loop: a message of a link, or something to run.
type item struct {
	link    *webrtclink.Link
	message []byte
	run     func()
}

// inbox is how everything else reaches the loop. Only messages from peers wait for room: a callback that must not
// block may post, and the loop itself can never be what it waits for.
type inbox struct {
	mu     sync.Mutex
	room   sync.Cond
	items  []item
	spare  []item
	bytes  int
	closed bool
	wake   chan struct{}
}

func newInbox() *inbox {
	b := &inbox{wake: make(chan struct{}, 1)}
	b.room.L = &b.mu
	return b
}

// post has run called by the loop; it never waits. False: the loop is over, run will not be called.
func (b *inbox) post(run func()) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.put(item{run: run})
	return true
}

// postMessage hands over a message and waits while too much is waiting.
func (b *inbox) postMessage(link *webrtclink.Link, message []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.bytes > inboxBytes && !b.closed {
		b.room.Wait()
	}
	if !b.closed {
		b.bytes += len(message)
		b.put(item{link: link, message: message})
	}
}

func (b *inbox) put(i item) {
	b.items = append(b.items, i)
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// take returns what waits, valid until the next call.
func (b *inbox) take() []item {
	b.mu.Lock()
	defer b.mu.Unlock()
	items := b.items
	clear(b.spare)
	b.items, b.spare = b.spare[:0], items
	b.bytes = 0
	b.room.Broadcast()
	return items
}

// close throws away what waits and refuses the rest.
func (b *inbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed, b.items, b.spare = true, nil, nil
	b.room.Broadcast()
}
