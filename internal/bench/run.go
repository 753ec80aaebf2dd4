package bench

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/origin"
	"github.com/superp2p/superp2p/internal/stage"
)

// Config says what to measure.
type Config struct {
	// Source is what they watch: SourceLive, SourceHLS or SourceFile. If empty, SourceLive.
	Source string
	// Viewers is how many watch. If zero, 20.
	Viewers int
	// Delay is how far behind live they play. If zero, 6 s.
	Delay time.Duration
	// Duration is the time from the first viewer's opening to the end of the run. If zero, 60 s.
	Duration time.Duration
	// Bitrate is that of the stream, in bits per second. If zero, 2,000,000.
	Bitrate int
	// Stagger is the time over which viewers are opened, evenly. If zero, 5 s; if negative, all at once.
	Stagger time.Duration
	// Progress is told what goes on, a line at a time. If nil, nobody is.
	Progress func(string)
	// Logger gets what server and viewers log. If nil, nothing is logged.
	Logger *slog.Logger
}

// The kinds of Config.Source.
const (
	SourceLive = "live" // a live HTTP-FLV stream
	SourceHLS  = "hls"  // a live HLS playlist with segments of 2 s
	SourceFile = "mp4"  // a file at an origin, as long as the run, which each plays from its start
)

// settle is how long after the last viewer's opening the steady part begins.
const settle = 15 * time.Second

func (c Config) withDefaults() Config {
	if c.Viewers == 0 {
		c.Viewers = 20
	}
	if c.Delay == 0 {
		c.Delay = superp2p.DefaultDelay
	}
	if c.Duration == 0 {
		c.Duration = time.Minute
	}
	if c.Bitrate == 0 {
		c.Bitrate = 2_000_000
	}
	if c.Stagger == 0 {
		c.Stagger = 5 * time.Second
	}
	c.Stagger = max(c.Stagger, 0)
	if c.Progress == nil {
		c.Progress = func(string) {}
	}
	return c
}

// Check tells what makes a run with c impossible.
func (c Config) Check() error {
	c = c.withDefaults()
	switch {
	case c.Viewers < 1 || c.Viewers > 1000:
		return fault.New(fault.ConfigInvalid, "viewers must be 1 to 1000")
	case c.Delay < superp2p.MinDelay || c.Delay > superp2p.MaxDelay:
		return fault.New(fault.ConfigInvalid, "delay must be 2s to 30s")
	case c.Bitrate < 300_000 || c.Bitrate > 100_000_000:
		return fault.New(fault.ConfigInvalid, "bitrate must be 300k to 100M")
	case c.Source == SourceFile:
		return nil
	case c.Duration < c.Stagger+settle+2*time.Second:
		return fault.New(fault.ConfigInvalid, "duration must be at least stagger + 17s, because the first 15 s after the "+
			"last viewer's start are not steady")
	}
	return nil
}

// WarmUp is how long the stream is on the air before the first viewer comes, so that the server holds what one
// who plays at that delay needs: as with a stream that has been running for long.
func (c Config) WarmUp() time.Duration { return c.withDefaults().Delay + 4*time.Second }

// Run measures once. Its error says why it could not be measured; viewers that fail are figures, not errors.
func Run(ctx context.Context, c Config) (*Result, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	runtime.GC()
	before := runtime.NumGoroutine()
	measure := run
	switch c.Source {
	case SourceFile:
		measure = runFilm
	case SourceHLS:
		measure = runHLS
	}
	r, err := measure(ctx, c)
	if err != nil {
		return nil, err
	}
	r.GoroutinesLeft = leftOver(before)
	return r, nil
}

// leftOver waits until no more goroutines run than before, for a little while, and returns how many still do: the Go
// runtime and finished connections take a moment to end theirs.
func leftOver(before int) int {
	left := 0
	for range 40 {
		if left = runtime.NumGoroutine() - before; left <= 0 {
			return 0
		}
		time.Sleep(50 * time.Millisecond)
	}
	return left
}

func run(ctx context.Context, c Config) (*Result, error) {
	st, err := stage.Start(ctx, stage.Config{
		Channel: "bench", Bitrate: c.Bitrate, Logger: c.Logger,
		Adjust: func(s *config.Config) { s.Linger = c.WarmUp() + time.Minute }, // nobody watches during the warm-up
	})
	if err != nil {
		return nil, err
	}
	defer st.Close() //nolint:errcheck // the run is over
	b := &run1{c: c, stage: st, ledger: newLedger()}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := b.direct(ctx); err != nil {
		return nil, err
	}
	defer b.tasks.Wait()
	defer cancel()
	if err := b.onAir(ctx); err != nil {
		return nil, err
	}
	c.Progress(fmt.Sprintf("on air at %s; warming up for %s", st.ServerURL(), c.WarmUp()))
	if err := sleep(ctx, c.WarmUp()); err != nil {
		return nil, err
	}
	return b.measure(ctx)
}

// run1 is one run.
type run1 struct {
	c      Config
	stage  *stage.Stage
	ledger *ledger
	tasks  sync.WaitGroup

	mu     sync.Mutex
	begun  bool
	delays []float64 // of the direct client, since begun
}

// direct opens the plain HTTP-FLV client of the origin. It fills the ledger, and measures once viewers are there.
func (b *run1) direct(ctx context.Context) error {
	client := &http.Client{Transport: &http.Transport{}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.stage.SourceURL(), http.NoBody)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return fault.Wrap(fault.Internal, "the origin does not answer", err)
	}
	b.tasks.Go(func() {
		defer client.CloseIdleConnections()
		defer answer.Body.Close() //nolint:errcheck // it was read
		tags := flv.NewReader(answer.Body, flv.Limits{})
		for {
			t, err := tags.ReadTag()
			if err != nil {
				return
			}
			at := time.Now()
			b.ledger.add(&t)
			if mark, ok := origin.ParseMark(&t); ok {
				b.mu.Lock()
				if b.begun {
					b.delays = append(b.delays, milliseconds(at.Sub(mark.Sent)))
				}
				b.mu.Unlock()
			}
		}
	})
	return nil
}

// onAir makes the server pull the stream, as the first viewer ever would.
func (b *run1) onAir(ctx context.Context) error {
	_, err := superp2p.Resolve(ctx, superp2p.Config{Server: b.stage.ServerURL()}, b.stage.Channel(), nil)
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// egress is what the server has sent of slices, and what one copy of them is.
type egress struct{ sent, copy int64 }

func (b *run1) egress() (e egress) {
	for _, s := range b.stage.Server.Status().Streams {
		if s.Stream == b.stage.Channel() {
			e.sent, e.copy = e.sent+s.BytesOut, e.copy+s.BytesIn
		}
	}
	return e
}

func (e egress) since(earlier egress) float64 { return share(e.sent-earlier.sent, e.copy-earlier.copy) }

// measure opens the viewers, waits and closes them.
func (b *run1) measure(ctx context.Context) (*Result, error) {
	c := b.c
	b.mu.Lock()
	b.begun = true
	b.mu.Unlock()
	began, cpu, sent := time.Now(), cpuTime(), b.egress()
	audience := make([]*viewer, c.Viewers)
	for i := range audience {
		v := &viewer{run: b, follower: newFollower(b.ledger)}
		audience[i] = v
		b.tasks.Go(func() {
			if sleep(ctx, c.Stagger*time.Duration(i)/time.Duration(max(1, c.Viewers-1))) == nil {
				v.watch(ctx)
			}
		})
	}
	b.c.Progress(fmt.Sprintf("%d viewers come within %s", c.Viewers, c.Stagger))
	if err := sleep(ctx, c.Stagger+settle); err != nil {
		return nil, err
	}
	steady, steadySent := totals(audience), b.egress()
	end := began.Add(c.Duration)
	for left := time.Until(end); left > 0; left = time.Until(end) {
		t := totals(audience)
		c.Progress(fmt.Sprintf("%s to go; offload since the first 15 s %.1f %%", left.Round(time.Second),
			100*share(t.PeerBytes-steady.PeerBytes, media(&t)-media(&steady))))
		if err := sleep(ctx, min(left, 5*time.Second)); err != nil {
			return nil, err
		}
	}
	all, allSent, took := totals(audience), b.egress(), cpuTime()-cpu
	r := &Result{
		Viewers: c.Viewers, DelaySetting: milliseconds(c.Delay), Duration: time.Since(began).Seconds(),
		Bitrate:        int64(c.Bitrate),
		OffloadSteady:  share(all.PeerBytes-steady.PeerBytes, media(&all)-media(&steady)),
		OffloadSession: offload(&all),
		Ceiling:        1 - 1/float64(c.Viewers),
		ControlShare:   share(all.ControlBytes, media(&all)),
		DuplicateShare: share(all.DuplicateBytes, media(&all)),
		ProofShare:     share(all.ProofBytes, media(&all)),
		EgressCopies:   allSent.since(steadySent),
		EgressSession:  allSent.since(sent),
		DeliveredBytes: int64(media(&all)), PeerBytes: int64(all.PeerBytes), ServerBytes: int64(all.ServerBytes),
		BadBytes: int64(all.BadBytes), Stalls: int(all.Stalls), StallTotal: milliseconds(all.Stall),
		Goroutines: runtime.NumGoroutine(),
	}
	delivered := media(&all)
	r.ControlShareBoth = share(all.ControlBytes+all.ControlSentBytes, delivered)
	if delivered > 0 {
		r.CPUPerGB = took.Seconds() / (float64(delivered) / 1e9)
	}
	for _, s := range b.stage.Server.Status().Streams {
		r.StreamBitrate = s.Bitrate
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	r.MemoryBytes, r.HeapBytes = int64(memory.Sys-memory.HeapReleased), int64(memory.HeapAlloc)
	closeAll(audience)
	b.collect(r, audience)
	return r, nil
}

// collect adds what each viewer measured for itself.
func (b *run1) collect(r *Result, audience []*viewer) {
	var starts, delays, peers []float64
	for _, v := range audience {
		v.mu.Lock()
		if v.err != nil {
			r.FailedViewers++
			if text := v.err.Error(); !slices.Contains(r.Errors, text) {
				r.Errors = append(r.Errors, text)
			}
		}
		if v.start > 0 {
			starts = append(starts, milliseconds(v.start))
		}
		if v.last.Stalls > 0 {
			r.StalledViewers++
		}
		peers = append(peers, float64(v.last.Peers))
		delays = append(delays, v.follower.delays...)
		r.BadTags += v.follower.bad
		r.SkippedTags += v.follower.skips
		r.LateOutputs += v.late.dry
		v.mu.Unlock()
	}
	r.StartP50, r.StartP95, r.StartMax = Quantile(starts, 0.5), Quantile(starts, 0.95), Quantile(starts, 1)
	r.DelayP50, r.DelayP95 = Quantile(delays, 0.5), Quantile(delays, 0.95)
	r.PeersP50 = Quantile(peers, 0.5)
	b.mu.Lock()
	defer b.mu.Unlock()
	r.DirectDelayP50, r.DirectDelayP95 = Quantile(b.delays, 0.5), Quantile(b.delays, 0.95)
}
