package main

import (
	"context"
	"io"
	"net"
	"sync"
	"time"
)

// narrow is a way to a server that is limited in rate, for all connections together, and long: what a viewer has at home. A
// connection costs a round trip before anything is sent on it, as TCP's handshake does. There is no slow start and no loss.
type narrow struct {
	listener net.Listener
	target   string
	trip     time.Duration
	down, up link
	running  sync.WaitGroup
}

// link is one direction: what is sent on it goes out after what was sent before.
type link struct {
	rate float64 // bytes a second
	mu   sync.Mutex
	free time.Time
}

// atOnce is how much of a connection is sent before it is another one's turn: two packets.
const atOnce = 2920

// slot returns when so many bytes are through.
func (l *link) slot(n int) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(float64(n) / l.rate * float64(time.Second)))
	return l.free
}

// openNarrow opens a way to target (host:port) with so many kbit/s each way. It ends with ctx.
func openNarrow(ctx context.Context, target string, kbit int, trip time.Duration) (*narrow, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	rate := float64(kbit) * 1000 / 8
	n := &narrow{listener: l, target: target, trip: trip, down: link{rate: rate}, up: link{rate: rate}}
	n.running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			n.running.Go(func() { n.serve(ctx, client) })
		}
	})
	context.AfterFunc(ctx, func() { _ = l.Close() })
	return n, nil
}

// url is the base URL of what is behind it.
func (n *narrow) url() string { return "http://" + n.listener.Addr().String() }

func (n *narrow) serve(ctx context.Context, client net.Conn) {
	server, err := (&net.Dialer{}).DialContext(ctx, "tcp", n.target)
	if err != nil {
		_ = client.Close()
		return
	}
	both := func() { _ = client.Close(); _ = server.Close() }
	defer both()
	defer context.AfterFunc(ctx, both)()
	var two sync.WaitGroup
	// Who leaves takes the other end along: what goes on coming would use up the link.
	two.Go(func() { n.carry(server, client, &n.up, time.Now().Add(n.trip)); both() })
	two.Go(func() { n.carry(client, server, &n.down, time.Time{}); both() })
	two.Wait()
}

// carry sends what comes from one end to the other: when the link is free, and half a round trip later.
func (n *narrow) carry(to io.Writer, from io.Reader, l *link, notBefore time.Time) {
	type piece struct {
		bytes []byte
		at    time.Time
	}
	// What is on the way: more than a trip's worth of what the link carries, so that sending never waits for it.
	way := make(chan piece, 16+int(l.rate*n.trip.Seconds()/atOnce))
	var sending sync.WaitGroup
	sending.Go(func() {
		failed := false
		for p := range way {
			time.Sleep(time.Until(p.at))
			if !failed {
				_, err := to.Write(p.bytes)
				failed = err != nil
			}
		}
	})
	time.Sleep(time.Until(notBefore))
	for {
		b := make([]byte, atOnce)
		count, err := from.Read(b)
		if count > 0 {
			at := l.slot(count)
			time.Sleep(time.Until(at))
			way <- piece{b[:count], at.Add(n.trip / 2)}
		}
		if err != nil {
			break
		}
	}
	close(way)
	sending.Wait()
}
