package sim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/wire"
)

func TestNoMessageOvertakesAnother(t *testing.T) {
	w := &world{sc: &Scenario{}, queue: new(queue), wire: 1}
	// A liar ignores requests, so that one that comes at once is gone.
	l := &end{v: &viewer{w: w, behaves: liar, down: 1e9}, open: true, inOrder: 1500}
	message := func(n byte) message { return message{head: []byte{byte(wire.Request), n, 9}} }
	w.queue.now = 1000
	l.reached(message(1))
	w.queue.now = 1600 // past the time of the first, but in its tick
	l.reached(message(2))
	var came []byte
	for e := w.queue.next(1e9); e != nil; e = w.queue.next(1e9) {
		require.Equal(t, arrive, e.kind)
		came = append(came, e.msg.head[1])
	}
	require.Equal(t, []byte{1, 2}, came)
}
