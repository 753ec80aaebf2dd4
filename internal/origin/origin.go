package origin

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/rtmp"
)

// Config says what an Origin sends.
type Config struct {
	Bitrate        int   // bits per second, audio and video. If zero, that of the clip, about 300 kbit/s
	Burst          int   // how many groups (of 2 s) a client gets at once when it connects. If zero, 1; negative: none
	FirstTimestamp int64 // ms. If zero, 0; near 1<<32 it tests what happens when 32 bits wrap
	// Past is for how long the stream has been live already when it starts; a Burst can hold 10 s of it. If zero, it
	// starts now.
	Past time.Duration
}

// maxBurst bounds how many groups are kept for those who connect and those who are slow.
const maxBurst = 5

// Origin sends one live stream to many clients. Make one with New, and end it with Close.
type Origin struct {
	burst  int
	loop   *Loop // used by run alone, but for its constants
	cancel context.CancelFunc
	ctx    context.Context
	tasks  sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	changed chan struct{}
	groups  [][]flv.Tag // the newest ones; each begins with a keyframe
	first   int         // the number of groups[0]
	clients int
}

// New starts an Origin: its stream is live from now on, whether or not somebody watches.
func New(c Config) *Origin {
	if c.Burst == 0 {
		c.Burst = 1
	}
	o := &Origin{
		burst:   min(max(c.Burst, 0), maxBurst),
		loop:    NewLoop(c.Bitrate, c.FirstTimestamp, time.Now().Add(-c.Past)),
		changed: make(chan struct{}),
	}
	o.ctx, o.cancel = context.WithCancel(context.Background())
	o.tasks.Go(o.run)
	return o
}

// Close ends the stream for everybody and waits until nothing of it runs, pushes and answers included.
func (o *Origin) Close() error {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.cancel()
	o.tasks.Wait()
	return nil
}

// SentAt returns when the frame with the unwrapped timestamp ts (ms) was or will be sent live.
func (o *Origin) SentAt(ts int64) time.Time { return o.loop.due(ts) }

// LiveTimestamp returns the unwrapped timestamp in ms that is live at time now.
func (o *Origin) LiveTimestamp(now time.Time) int64 {
	return o.loop.first + now.Sub(o.loop.start).Milliseconds()
}

// Clients returns how many clients the stream is being sent to.
func (o *Origin) Clients() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.clients
}

// run makes the stream in real time.
func (o *Origin) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		tag, at := o.loop.Next()
		timer.Reset(time.Until(o.loop.due(at)))
		select {
		case <-o.ctx.Done():
			return
		case <-timer.C:
		}
		o.publish(tag)
	}
}

func (o *Origin) publish(t flv.Tag) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if t.IsKeyframe() {
		o.groups = append(o.groups, nil)
		if len(o.groups) > maxBurst+1 {
			o.groups, o.first = o.groups[1:], o.first+1
		}
	}
	n := len(o.groups)
	if n == 0 {
		return // audio before the first keyframe
	}
	o.groups[n-1] = append(o.groups[n-1], t)
	close(o.changed)
	o.changed = make(chan struct{})
}

// place is where a client is in the stream.
type place struct{ group, index int }

// start returns the place of a client that connects.
func (o *Origin) start() place {
	o.mu.Lock()
	defer o.mu.Unlock()
	return place{max(o.first+len(o.groups)-o.burst, o.first), 0}
}

// take returns what there is from p on, or a channel that closes when there is more; false if the place is gone.
func (o *Origin) take(p *place) (tags []flv.Tag, more <-chan struct{}, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if p.group < o.first {
		return nil, nil, false
	}
	for p.group < o.first+len(o.groups) {
		g := o.groups[p.group-o.first]
		if p.index < len(g) {
			tags = append(tags, g[p.index:]...)
			p.index = len(g)
		}
		if p.group == o.first+len(o.groups)-1 {
			break
		}
		*p = place{p.group + 1, 0}
	}
	return tags, o.changed, true
}

// follow calls send with all that a client gets: the headers, the burst, then the stream live, until send fails, ctx or
// the stream ends, or the client is too slow.
func (o *Origin) follow(ctx context.Context, send func([]flv.Tag) error) error {
	p := o.start()
	headers := o.loop.Headers()
	for {
		tags, more, ok := o.take(&p)
		if !ok {
			return context.DeadlineExceeded
		}
		if len(tags) > 0 {
			if headers != nil {
				for i := range headers {
					headers[i].Timestamp = tags[0].Timestamp
				}
				tags, headers = append(headers, tags...), nil
			}
			if err := send(tags); err != nil {
				return err
			}
			continue
		}
		select {
		case <-more:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-o.ctx.Done():
			return context.Cause(o.ctx)
		}
	}
}

// join counts a client in; false after Close.
func (o *Origin) join() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return false
	}
	o.clients++
	o.tasks.Add(1)
	return true
}

func (o *Origin) leave() {
	o.mu.Lock()
	o.clients--
	o.mu.Unlock()
	o.tasks.Done()
}

// ServeHTTP answers any path with the live stream as HTTP-FLV.
func (o *Origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !o.join() {
		http.Error(w, "the stream has ended", http.StatusNotFound)
		return
	}
	defer o.leave()
	w.Header().Set("Content-Type", "video/x-flv")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Connection", "close") // the deadlines below would stay
	w.Header().Set("Access-Control-Allow-Origin", "*")
	if r.Method == http.MethodHead {
		return
	}
	control := http.NewResponseController(w)
	buf := flv.AppendHeader(nil, true, true)
	_ = o.follow(r.Context(), func(tags []flv.Tag) error {
		for i := range tags {
			buf = flv.AppendTag(buf, &tags[i])
		}
		_ = control.SetWriteDeadline(time.Now().Add(10 * time.Second)) // not every ResponseWriter can; then Close waits
		_, err := w.Write(buf)
		buf = buf[:0]
		if err != nil {
			return err
		}
		return control.Flush()
	})
}

// Push publishes the stream by RTMP to rawURL until ctx ends (then it returns nil), the origin closes or the server
// ends it.
func (o *Origin) Push(ctx context.Context, rawURL string, d rtmp.DialOptions) error {
	if !o.join() {
		return context.Canceled
	}
	defer o.leave()
	both, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(o.ctx, cancel)()
	p, err := rtmp.Publish(both, rawURL, d)
	if err != nil {
		return err
	}
	err = o.follow(both, func(tags []flv.Tag) error {
		for i := range tags {
			if err := p.WriteTag(tags[i]); err != nil {
				return err
			}
		}
		return nil
	})
	_ = p.Close()
	if ctx.Err() != nil {
		return nil
	}
	return err
}
