package tracker

import (
	"errors"
	"time"

	"github.com/gobwas/ws"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/tracker/message"
)

var (
	errNotServed = fault.New(fault.TrackUnknown, "this info_hash is not served here (any more): resolve the stream again")
	errScrapeAll = fault.New(fault.RequestInvalid, "name the swarms: a scrape without info_hash is not answered")
	errSwarms    = fault.New(fault.LimitReached, "this connection is in as many swarms as it may be: stop some of them")
)

// handle answers one message. An error closes the connection.
func (c *conn) handle(b []byte) error {
	counters := c.server.count(c)
	counters.received.Add(1)
	if !c.admit(len(b)) {
		return errClosed
	}
	r := &c.request
	err := message.ParseRequest(b, r)
	if err != nil {
		if c.invalid++; c.invalid > c.server.cfg.MaxInvalid {
			return errTooInvalid
		}
	} else {
		switch {
		case r.Action == message.Scrape:
			err = c.scrape(r)
		case c.server.cfg.Allow != nil && !c.server.cfg.Allow(r.InfoHash):
			err = errNotServed
		case r.Answer != nil:
			err = c.answer(r)
		case r.Event == message.Stopped:
			c.stop(r)
		default:
			err = c.announce(r)
		}
	}
	if err != nil {
		counters.refused.Add(1)
		reason := err.Error()
		var f *fault.Error
		if errors.As(err, &f) {
			reason = f.Message
		}
		buf := c.server.buffers.get()
		*buf = message.AppendFailure(*buf, r, reason)
		c.respond(*buf)
		c.server.buffers.put(buf)
	}
	return nil
}

// respond queues an answer to the connection's own peer.
func (c *conn) respond(b []byte) {
	if c.postFrame(ws.OpText, b) {
		c.server.count(c).sent.Add(1)
	}
}

// admit waits until the connection may send another message of that size; false if it ends meanwhile.
func (c *conn) admit(size int) bool {
	cfg := &c.server.cfg
	if cfg.Rate < 0 {
		return true
	}
	now := cfg.Now()
	c.tokens = min(cfg.Burst, c.tokens+now.Sub(c.filled).Seconds()*cfg.Rate)
	c.filled = now
	c.tokens -= 1 + float64(size)/4096
	if c.tokens >= 0 {
		return true
	}
	wait := time.NewTimer(time.Duration(-c.tokens / cfg.Rate * float64(time.Second)))
	defer wait.Stop()
	select {
	case <-c.done:
		return false
	case <-wait.C:
		return true
	}
}

func (c *conn) announce(r *message.Request) error {
	known := c.find(r)
	if known < 0 && len(c.joined) >= c.server.cfg.MaxSwarmsPerConnection {
		return errSwarms
	}
	offers := r.Offers[:min(len(r.Offers), c.server.cfg.MaxOffers)]
	if r.NumWant > 0 && r.NumWant < len(offers) {
		offers = offers[:r.NumWant]
	}
	a := Announcement{
		InfoHash: r.InfoHash, Peer: r.PeerID, Extra: r.Extra,
		Complete: r.Left == 0 || r.Event == message.Completed, Finished: r.Event == message.Completed, Offers: offers,
	}
	counts, err := c.server.cfg.Broker.Announce(c, &a)
	var taken *TakenError
	if errors.As(err, &taken) {
		if taken.Holder.Probe() {
			return err
		}
		// The holder is dead, and its peer comes back over a new connection: the usual thing after a change of network.
		c.server.cfg.Broker.Leave(taken.Holder, r.InfoHash, r.PeerID)
		counts, err = c.server.cfg.Broker.Announce(c, &a)
	}
	if err != nil {
		return err
	}
	if known < 0 {
		c.joined = append(c.joined, joined{r.InfoHash, r.PeerID})
	}
	counters := c.server.count(c)
	counters.announces.Add(1)
	counters.offers.Add(uint64(counts.Relayed))
	counters.sent.Add(uint64(counts.Relayed))
	c.counts(r, counts)
	return nil
}

func (c *conn) stop(r *message.Request) {
	if i := c.find(r); i >= 0 {
		c.joined = append(c.joined[:i], c.joined[i+1:]...)
	}
	c.server.count(c).announces.Add(1)
	c.counts(r, c.server.cfg.Broker.Leave(c, r.InfoHash, r.PeerID))
}

// counts answers an announce.
func (c *conn) counts(r *message.Request, n Counts) {
	buf := c.server.buffers.get()
	interval := int((c.server.cfg.Interval + time.Second - 1) / time.Second)
	*buf = message.AppendCounts(*buf, &r.InfoHash, n.Complete, n.Incomplete, interval)
	c.respond(*buf)
	c.server.buffers.put(buf)
}

func (c *conn) find(r *message.Request) int {
	for i := range c.joined {
		if c.joined[i].infoHash == r.InfoHash && c.joined[i].peer == r.PeerID {
			return i
		}
	}
	return -1
}

func (c *conn) answer(r *message.Request) error {
	a := Answer{InfoHash: r.InfoHash, Peer: r.PeerID, To: r.ToPeerID, OfferID: r.OfferID, SDP: r.Answer, Extra: r.Extra}
	if err := c.server.cfg.Broker.Answer(c, &a); err != nil {
		return err
	}
	counters := c.server.count(c)
	counters.answers.Add(1)
	counters.sent.Add(1)
	return nil
}

func (c *conn) scrape(r *message.Request) error {
	if len(r.InfoHashes) == 0 {
		return errScrapeAll
	}
	files := make([]message.File, 0, len(r.InfoHashes))
	for _, infoHash := range r.InfoHashes {
		n := c.server.cfg.Broker.Swarm(infoHash)
		files = append(files, message.File{
			InfoHash: infoHash, Complete: n.Complete, Incomplete: n.Incomplete, Downloaded: n.Downloaded,
		})
	}
	buf := c.server.buffers.get()
	*buf = message.AppendFiles(*buf, files)
	c.respond(*buf)
	c.server.buffers.put(buf)
	return nil
}
