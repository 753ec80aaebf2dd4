package bench

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/origin"
	"github.com/superp2p/superp2p/internal/stage"
)

// hlsSegment is how long the segments of the origin last.
const hlsSegment = 2 * time.Second

// hlsRun is one run with a live HLS playlist.
type hlsRun struct {
	c     Config
	hls   *origin.HLS
	began time.Time // when the first segment was begun to be recorded
	url   string
	stage *stage.Stage
	given atomic.Int64 // bytes of segments that left the origin
}

// runHLS has an audience play a live HLS playlist, each as a player does that stays so far behind the live edge.
func runHLS(ctx context.Context, c Config) (*Result, error) {
	b := &hlsRun{c: c}
	const window = 10
	b.began = time.Now().Add(-window * hlsSegment)
	b.hls = origin.NewHLS(origin.HLSConfig{Bitrate: c.Bitrate, Window: window, Start: b.began})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "no address for the origin", err)
	}
	b.url = "http://" + l.Addr().String() + "/index.m3u8"
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/index.m3u8" {
			w = &counted{w, &b.given}
		}
		b.hls.ServeHTTP(w, r)
	})}
	go func() { _ = server.Serve(l) }() // until Close
	defer server.Close()                //nolint:errcheck // the run is over
	b.stage, err = stage.Start(ctx, stage.Config{
		Channel: "bench", Logger: c.Logger, Adjust: func(s *config.Config) {
			s.Origins, s.Linger = []string{"127.0.0.1"}, c.WarmUp()+time.Minute
		},
	})
	if err != nil {
		return nil, err
	}
	defer b.stage.Close() //nolint:errcheck // the run is over
	if _, err := superp2p.Resolve(ctx, superp2p.Config{Server: b.stage.ServerURL()}, b.url, nil); err != nil {
		return nil, err
	}
	c.Progress(fmt.Sprintf("on air at %s; warming up for %s", b.url, c.WarmUp()))
	if err := sleep(ctx, c.WarmUp()); err != nil {
		return nil, err
	}
	return b.measure(ctx)
}

// measure has the audience come and go, and adds up.
func (b *hlsRun) measure(ctx context.Context) (*Result, error) {
	began, cpu := time.Now(), cpuTime()
	out := func() int64 { return b.given.Load() + b.stage.Server.Edge().Status().BytesOut }
	outBefore := out()
	until, cancel := context.WithDeadline(ctx, began.Add(b.c.Duration))
	defer cancel()
	audience := make([]*hlsViewer, b.c.Viewers)
	var all sync.WaitGroup
	for i := range audience {
		v := &hlsViewer{run: b}
		audience[i] = v
		all.Go(func() {
			if sleep(until, b.c.Stagger*time.Duration(i)/time.Duration(max(1, b.c.Viewers-1))) == nil {
				v.watch(until)
			}
		})
	}
	var settled []superp2p.Stats
	outSettled, settledAt := int64(0), time.Time{}
	if sleep(until, b.c.Stagger+settle) == nil {
		for _, v := range audience {
			settled = append(settled, v.stats())
		}
		outSettled, settledAt = out(), time.Now()
	}
	b.c.Progress("steady: measuring")
	<-until.Done()
	var sum, before, steady superp2p.Stats
	r := &Result{
		Viewers: b.c.Viewers, Duration: b.c.Duration.Seconds(), Bitrate: int64(b.c.Bitrate), DelaySetting: milliseconds(b.c.Delay),
		Ceiling: 1 - 1/float64(b.c.Viewers), StreamBitrate: b.bitrate(),
	}
	perSecond := float64(r.StreamBitrate) / 8
	r.EgressSession = float64(out()-outBefore) / (perSecond * time.Since(began).Seconds())
	r.EgressCopies = float64(out()-outSettled) / (perSecond * time.Since(settledAt).Seconds())
	all.Wait()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var delays []float64
	players := make([]*played, len(audience))
	for i, v := range audience {
		players[i], delays = &v.played, append(delays, milliseconds(v.delay))
	}
	for i := range settled {
		addTo(&before, &settled[i])
	}
	sum = r.fill(players, cpuTime()-cpu)
	steady.PeerBytes, steady.ServerBytes = sum.PeerBytes-before.PeerBytes, sum.ServerBytes-before.ServerBytes
	r.OffloadSession, r.OffloadSteady = offload(&sum), offload(&steady)
	r.DelayP50, r.DelayP95 = Quantile(delays, 0.5), Quantile(delays, 0.95)
	return r, nil
}

// bitrate returns that of the newest segments, in bit/s.
func (b *hlsRun) bitrate() int64 {
	newest := int(time.Since(b.began)/hlsSegment) - 1
	bytes := 0
	for n := newest - 3; n <= newest; n++ {
		bytes += len(b.hls.Segment(n))
	}
	return int64(float64(8*bytes) / (4 * hlsSegment).Seconds())
}

// hlsViewer is a player that begins Delay behind the live edge and loads segments as they are listed.
type hlsViewer struct {
	played
	run   *hlsRun
	delay time.Duration // behind the live edge at the end

	mu    sync.Mutex      // of media and last
	media *superp2p.Media // nil before and after
}

// inHand is how much a player wants to have before it begins: Chromium waits for more than the picture that is due.
const inHand = 500 * time.Millisecond

// reload is how often a player looks for news in the playlist: half a target duration, with a little less for the way.
const reload = hlsSegment/2 - 50*time.Millisecond

func (v *hlsViewer) watch(ctx context.Context) {
	b := v.run
	opened := time.Now()
	m, err := superp2p.Open(ctx, superp2p.Config{Server: b.stage.ServerURL(), Loopback: true, Logger: b.c.Logger}, b.url,
		&superp2p.PlayConfig{Delay: b.c.Delay})
	if err != nil {
		v.err = err
		return
	}
	v.mu.Lock()
	v.media = m
	v.mu.Unlock()
	defer func() {
		last := m.Stats()
		v.mu.Lock()
		v.media, v.last = nil, last
		v.mu.Unlock()
		_ = m.Close()
	}()
	position := opened.Sub(b.began) - b.c.Delay // of the stream that is played
	var clock time.Time                         // when the stream's start would have been played
	for next := int64(position / hlsSegment); ; {
		list, err := m.Playlist(ctx, "")
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			v.err = err
			return
		}
		for i := range list.Segments {
			s := &list.Segments[i]
			if s.Sequence < next {
				continue
			}
			data, err := m.Segment(ctx, s)
			now := time.Now()
			switch {
			case ctx.Err() != nil:
				return
			case err != nil:
				v.err = err
				return
			case !bytes.Equal(data, b.hls.Segment(int(s.Sequence))):
				v.bad++
			}
			next = s.Sequence + 1
			due := clock.Add(time.Duration(s.Sequence) * hlsSegment)
			if clock.IsZero() {
				if time.Duration(next)*hlsSegment-position < inHand {
					continue // as little as that makes no player begin
				}
				v.start, clock = now.Sub(opened), now.Add(-position)
			} else if late := now.Sub(due); late > 0 {
				v.stalls++
				v.stall += late
				clock = clock.Add(late)
			}
			v.delay = clock.Sub(b.began)
		}
		if sleep(ctx, reload) != nil {
			return
		}
	}
}

func (v *hlsViewer) stats() superp2p.Stats {
	v.mu.Lock()
	m, last := v.media, v.last
	v.mu.Unlock()
	if m == nil {
		return last
	}
	return m.Stats()
}
