package client

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/tracker/message"
)

const (
	// maxMessage is more than we send ourselves: another tracker may know larger messages.
	maxMessage = 256 << 10
	// maxQueue is how many messages wait for a slow tracker before answers are thrown away.
	maxQueue = 64
	// leaveTimeout bounds how long leaving the swarm may hold up who stops a client.
	leaveTimeout = time.Second
)

// session is one connection to the tracker.
type session struct {
	*Client
	conn      *websocket.Conn
	ctx       context.Context // ends with the connection
	out       chan []byte     // to the writer
	welcome   chan struct{}   // closed by the reader with the first answer to an announce
	interval  chan time.Duration
	greeted   bool // the reader's: welcome is closed
	trackerID atomic.Pointer[string]
}

// session connects and stays until the connection or ctx ends. It says whether the tracker accepted an announce.
func (c *Client) session(ctx context.Context) (welcome bool, err error) {
	httpClient, transport := c.httpClient()
	defer transport.CloseIdleConnections()
	early := c.early(ctx)
	defer early.drop()
	dialCtx, cancel := context.WithTimeout(ctx, c.cfg.DialTimeout)
	defer cancel()
	conn, _, err := websocket.Dial(dialCtx, c.cfg.URL, &websocket.DialOptions{HTTPClient: httpClient, HTTPHeader: c.cfg.Header})
	if err != nil {
		return false, fault.Wrap(fault.ServerUnreachable, "no WebSocket connection to the tracker: check its URL", err)
	}
	conn.SetReadLimit(maxMessage)
	c.connected.Store(true)
	defer c.connected.Store(false)

	// The session outlives ctx for as long as leaving takes.
	sessionCtx, end := context.WithCancelCause(context.WithoutCancel(ctx))
	s := &session{
		Client: c, conn: conn, ctx: sessionCtx,
		out: make(chan []byte, maxQueue), welcome: make(chan struct{}), interval: make(chan time.Duration, 1),
	}
	var loops sync.WaitGroup
	loops.Go(func() { end(s.read()) })
	loops.Go(func() { end(s.write()) })
	s.announceLoop(ctx, early.made)
	if ctx.Err() != nil {
		s.leave()
	}
	end(nil)
	_ = conn.CloseNow()
	loops.Wait()
	select {
	case <-s.welcome:
		welcome = true
	default:
	}
	return welcome, context.Cause(sessionCtx)
}

// read hands what the tracker sends to the handler.
func (s *session) read() error {
	var r message.Response
	for {
		_, b, err := s.conn.Read(s.ctx)
		if err != nil {
			return err
		}
		if err := message.ParseResponse(b, &r); err != nil {
			return err
		}
		s.dispatch(&r)
	}
}

func (s *session) dispatch(r *message.Response) {
	handler, log := s.cfg.Handler, s.cfg.Logger
	if r.HasHash && r.InfoHash != s.cfg.InfoHash || r.Action == message.Scrape {
		return
	}
	if r.Warning != "" {
		log.Warn("tracker warns", "url", s.cfg.URL, "warning", r.Warning)
	}
	if r.TrackerID != "" {
		s.trackerID.Store(&r.TrackerID)
	}
	if r.Failure != "" {
		s.failure.Store(&r.Failure)
		log.Warn("tracker refuses", "url", s.cfg.URL, "reason", r.Failure)
		return
	}
	if r.HasPeer && r.HasOfferID && r.PeerID != s.cfg.PeerID {
		if sdp, ok := message.ParseDescription(r.Offer); ok {
			handler.Offered(r.PeerID, r.OfferID, sdp, s.reply(r.PeerID, r.OfferID))
		}
		if sdp, ok := message.ParseDescription(r.Answer); ok {
			handler.Answered(r.PeerID, r.OfferID, sdp)
		}
	}
	if r.HasCounts {
		size := r.Complete + r.Incomplete
		s.size.Store(int64(size))
		s.failure.Store(nil)
		s.setInterval(r)
		if !s.greeted {
			s.greeted = true
			close(s.welcome)
		}
		handler.SwarmSize(size)
	}
}

// setInterval passes on how often the tracker wants to hear from us.
func (s *session) setInterval(r *message.Response) {
	seconds := max(r.Interval, r.MinInterval)
	if seconds == 0 {
		return
	}
	d := min(max(time.Duration(seconds)*time.Second, s.cfg.MinInterval), time.Hour)
	select {
	case s.interval <- d:
	default: // the last one is not taken yet; the next answer brings it again
	}
}

func (s *session) reply(peer, offerID message.ID) func(string) {
	var once sync.Once
	return func(sdp string) {
		once.Do(func() {
			s.send(message.AppendAnnounce(nil, &message.Request{
				InfoHash: s.cfg.InfoHash, PeerID: s.cfg.PeerID, ToPeerID: peer, OfferID: offerID,
				Answer: message.AppendDescription(nil, "answer", sdp),
			}))
		})
	}
}

// send queues a message unless the tracker is too slow or gone.
func (s *session) send(b []byte) {
	select {
	case s.out <- b:
	case <-s.ctx.Done():
	default:
		s.cfg.Logger.Warn("tracker is slow, a message to it is lost", "url", s.cfg.URL)
	}
}

// write sends what is queued; nil ends it.
func (s *session) write() error {
	for {
		select {
		case <-s.ctx.Done():
			return nil
		case b := <-s.out:
			if b == nil {
				return s.conn.Close(websocket.StatusNormalClosure, "")
			}
			ctx, cancel := context.WithTimeout(s.ctx, s.cfg.WriteTimeout)
			err := s.conn.Write(ctx, websocket.MessageText, b)
			cancel()
			if err != nil {
				return err
			}
		}
	}
}

// early is offers that are made while the connection comes about.
type early struct {
	end  context.CancelFunc
	made chan []Offer // one at the most, then closed
}

// early has them made, if the configuration says so and it is the first connection.
func (c *Client) early(ctx context.Context) *early {
	e := &early{made: make(chan []Offer, 1)}
	n := c.cfg.Early
	if c.tried {
		n = 0
	}
	c.tried = true
	ctx, e.end = context.WithCancel(ctx)
	if n == 0 {
		close(e.made)
		return e
	}
	go func() {
		defer close(e.made)
		offers := c.cfg.Handler.Offers(ctx, n)
		e.made <- offers[:min(len(offers), n)]
	}()
	return e
}

// drop ends the making of what nobody waits for any more.
func (e *early) drop() {
	e.end()
	for range e.made {
	}
}

// announceLoop announces until the connection or ctx ends.
func (s *session) announceLoop(ctx context.Context, early <-chan []Offer) {
	var made []Offer
	select {
	case made = <-early:
		early = nil
	default: // it takes longer than connecting
	}
	s.announce(message.Started, made)
	var (
		after    = s.cfg.After
		interval = s.cfg.Interval
		next     = after(interval)
		ping     = after(s.cfg.PingInterval)
		welcome  = (<-chan struct{})(s.welcome)
		asked    <-chan struct{} // nil until the tracker has answered, and shortly after each announce
		rested   <-chan time.Time
	)
	for {
		offers := 0
		select {
		case <-ctx.Done():
			return
		case <-s.ctx.Done():
			return
		case <-welcome: // only now is it known whether there is anybody to offer to
			welcome, asked = nil, s.asked
			if offers = min(s.cfg.Offers, int(s.size.Load())-1) - len(made); offers < 1 || early != nil {
				continue
			}
		case made = <-early:
			if early = nil; len(made) > 0 {
				s.announce(message.Update, made)
			}
			continue
		case d := <-s.interval:
			if d != interval {
				interval, next = d, after(d)
			}
			continue
		case <-next:
			offers = s.cfg.Offers
		case <-asked:
			offers = min(int(s.want.Swap(0)), message.MaxOffers)
			if offers < 1 {
				continue
			}
		case <-rested:
			rested, asked = nil, s.asked
			continue
		case <-ping:
			if s.ping() != nil {
				return
			}
			ping = after(s.cfg.PingInterval)
			continue
		}
		s.announce(message.Update, s.offers(ctx, offers))
		next = after(interval)
		if welcome == nil {
			asked, rested = nil, after(s.cfg.AskGap)
		}
	}
}

// offers lets the handler make offers for as long as both the connection and ctx last.
func (s *session) offers(ctx context.Context, n int) []Offer {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	offers := s.cfg.Handler.Offers(ctx, n)
	return offers[:min(len(offers), n)]
}

func (s *session) ping() error {
	ctx, cancel := context.WithTimeout(s.ctx, s.cfg.WriteTimeout)
	defer cancel()
	return s.conn.Ping(ctx)
}

// announce sends the offers, in as many messages as their size takes.
func (s *session) announce(event message.Event, offers []Offer) {
	r := message.Request{InfoHash: s.cfg.InfoHash, PeerID: s.cfg.PeerID, Event: event, Left: 1, NumWant: -1}
	if id := s.trackerID.Load(); id != nil {
		r.TrackerID = *id
	}
	size := 0
	for _, o := range offers {
		sdp := message.AppendDescription(nil, "offer", o.SDP)
		if len(sdp) > message.MaxSize-1024 {
			continue
		}
		if size += len(sdp) + 128; size > message.MaxSize-1024 {
			s.send(message.AppendAnnounce(nil, &r))
			s.announces.Add(1)
			r.Offers, r.Event, size = nil, message.Update, len(sdp)+128
		}
		r.Offers = append(r.Offers, message.Offer{ID: o.ID, SDP: sdp})
	}
	s.send(message.AppendAnnounce(nil, &r))
	s.announces.Add(1)
}

// leave says goodbye, if the tracker takes it in time.
func (s *session) leave() {
	s.announce(message.Stopped, nil)
	s.send(nil)
	select {
	case <-s.ctx.Done(): // the writer has closed the connection
	case <-s.cfg.After(leaveTimeout):
	}
}
