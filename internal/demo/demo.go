package demo

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/bench"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/origin"
	"github.com/superp2p/superp2p/internal/stage"
)

// Channel is the id of the demo's stream.
const Channel = "demo"

// StatusPath is where the server of a Demo answers with its Status.
const StatusPath = "/demo/status"

// Config says what the demo shows.
type Config struct {
	// Viewers is how many watch. If zero, 8.
	Viewers int
	// Listen is the server's HTTP address. If empty, 127.0.0.1 and a free port.
	Listen string
	// Delay is how far behind live they play. If zero, 6 s.
	Delay time.Duration
	// Bitrate is that of the stream, in bits per second. If zero, 2,000,000.
	Bitrate int
	// Stagger is the time between one viewer's coming and the next one's. If zero, 500 ms.
	Stagger time.Duration
	// Version is what the status page shows.
	Version string
	// Logger gets what server and viewers log. If nil, nothing is logged.
	Logger *slog.Logger
}

// Demo runs until Close. Start makes one.
type Demo struct {
	cfg    Config
	stage  *stage.Stage
	began  time.Time
	cancel context.CancelFunc
	tasks  sync.WaitGroup
	all    []*viewer
}

// Start opens the ports and lets the first viewer in; the others follow.
func Start(ctx context.Context, c Config) (*Demo, error) {
	if c.Viewers == 0 {
		c.Viewers = 8
	}
	if c.Bitrate == 0 {
		c.Bitrate = 2_000_000
	}
	if c.Stagger == 0 {
		c.Stagger = 500 * time.Millisecond
	}
	if c.Delay == 0 {
		c.Delay = superp2p.DefaultDelay
	}
	d := &Demo{cfg: c, began: time.Now()}
	for i := range c.Viewers {
		d.all = append(d.all, &viewer{number: i + 1, state: "to come"})
	}
	var err error
	// The stream was on before the first viewer comes, as streams are: otherwise there is nothing to be behind live with.
	d.stage, err = stage.Start(ctx, stage.Config{
		Channel: Channel, Bitrate: c.Bitrate, Listen: c.Listen, Version: c.Version, Logger: c.Logger, Past: past,
		Handlers: map[string]http.Handler{
			StatusPath: http.HandlerFunc(d.serveStatus), FlashPath: http.HandlerFunc(serveFlash), flashScript: http.HandlerFunc(serveFlash),
			rufflePath: http.StripPrefix(rufflePath, http.FileServer(http.Dir(ruffle))),
		},
	})
	if err != nil {
		return nil, err
	}
	ctx, d.cancel = context.WithCancel(context.WithoutCancel(ctx))
	for i, v := range d.all {
		d.tasks.Go(func() {
			if pause(ctx, time.Duration(i)*c.Stagger) {
				d.keepWatching(ctx, v)
			}
		})
	}
	return d, nil
}

// past is for how long the stream has been live when the demo starts: more than the usual delay.
const past = 10 * time.Second

// URL is the address of the page.
func (d *Demo) URL() string { return d.stage.ServerURL() }

// Close lets all viewers leave, ends server and origin, and returns when no goroutine is left.
func (d *Demo) Close() error {
	d.cancel()
	d.tasks.Wait()
	return d.stage.Close()
}

// viewer is one of the audience.
type viewer struct {
	number int

	mu    sync.Mutex
	now   *superp2p.P2PNetStream // nil while there is none
	past  counts                 // of what it watched before it failed
	state string                 // "to come", "starting", "playing" or "failed"
	err   string
	delay time.Duration // of the newest frame that came out, behind the origin's sending it
}

// counts are what is added up.
type counts struct {
	PeerBytes   uint64 `json:"peer_bytes"`
	ServerBytes uint64 `json:"server_bytes"`
	UploadBytes uint64 `json:"upload_bytes"`
	Stalls      uint64 `json:"stalls"`
}

func (c *counts) add(o counts) {
	c.PeerBytes += o.PeerBytes
	c.ServerBytes += o.ServerBytes
	c.UploadBytes += o.UploadBytes
	c.Stalls += o.Stalls
}

func (c *counts) offload() float64 {
	if c.PeerBytes+c.ServerBytes == 0 {
		return 0
	}
	return float64(c.PeerBytes) / float64(c.PeerBytes+c.ServerBytes)
}

func countsOf(s *superp2p.Stats) counts {
	return counts{s.PeerBytes, s.ServerBytes, s.UploadBytes, s.Stalls}
}

// retryAfter is when a viewer that failed comes again, as people do.
const retryAfter = 3 * time.Second

func (d *Demo) keepWatching(ctx context.Context, v *viewer) {
	for {
		err := d.watch(ctx, v)
		if ctx.Err() != nil {
			return
		}
		v.mu.Lock()
		v.state, v.err = "failed", "the stream is over"
		if err != nil {
			v.err = err.Error()
		}
		v.mu.Unlock()
		if !pause(ctx, retryAfter) {
			return
		}
	}
}

// watch watches until ctx ends or the viewer fails, and throws away what comes out once it was looked at.
func (d *Demo) watch(ctx context.Context, v *viewer) error {
	v.mu.Lock()
	v.state, v.err = "starting", ""
	v.mu.Unlock()
	stream, err := superp2p.NewP2PNetStream(superp2p.Config{
		Server: d.stage.ServerURL(), Loopback: true, Logger: d.cfg.Logger, Unpaced: true,
	})
	if err != nil {
		return err
	}
	stream.SetBackBufferTime(0) // nobody seeks
	if err := stream.Play(Channel, &superp2p.PlayConfig{Delay: d.cfg.Delay}); err != nil {
		return err
	}
	v.mu.Lock()
	v.now = stream
	v.mu.Unlock()
	end := sync.OnceFunc(func() { // who comes second waits too
		last := stream.Stats()
		v.mu.Lock()
		v.past.add(countsOf(&last))
		v.now = nil
		v.mu.Unlock()
		_ = stream.Close()
	})
	defer end()
	defer context.AfterFunc(ctx, end)()
	tags := flv.NewReader(stream, flv.Limits{})
	for {
		t, err := tags.ReadTag()
		if err != nil {
			return err
		}
		if mark, ok := origin.ParseMark(&t); ok {
			v.mu.Lock()
			v.state, v.delay = "playing", time.Since(mark.Sent)
			v.mu.Unlock()
		}
	}
}

// pause waits; false if ctx ended meanwhile.
func pause(ctx context.Context, t time.Duration) bool {
	timer := time.NewTimer(t)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func (d *Demo) serveStatus(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(d.Status())
}

// Status is how the demo stands. Times are in milliseconds unless the key says otherwise.
type Status struct {
	Uptime  float64        `json:"uptime_s"`
	Delay   int64          `json:"delay_setting_ms"`
	Bitrate int64          `json:"bitrate"`
	Viewers []ViewerStatus `json:"viewers"`
	Total   Total          `json:"total"`
	Memory  Memory         `json:"memory"`
}

// ViewerStatus is how one viewer stands.
type ViewerStatus struct {
	Viewer  int     `json:"viewer"`
	State   string  `json:"state"` // "to come", "starting", "playing" or "failed"
	Error   string  `json:"error,omitempty"`
	Offload float64 `json:"offload"`
	Start   int64   `json:"start_ms"`
	Delay   int64   `json:"delay_ms"` // of the newest frame that came out, from the origin's sending it
	Peers   int     `json:"peers"`
	counts
}

// Total sums the viewers up.
type Total struct {
	Viewers  int     `json:"viewers"`
	Playing  int     `json:"playing"`
	Offload  float64 `json:"offload"`
	Ceiling  float64 `json:"ceiling"` // of the offload: the server must send each slice once
	StartP50 float64 `json:"start_p50_ms"`
	StartP95 float64 `json:"start_p95_ms"`
	DelayP50 float64 `json:"delay_p50_ms"`
	DelayP95 float64 `json:"delay_p95_ms"`
	counts
}

// Memory is what the whole process takes: origin, server and all viewers.
type Memory struct {
	Total      uint64 `json:"total_bytes"` // taken from the system by the Go runtime
	Heap       uint64 `json:"heap_bytes"`  // live objects and those not yet collected
	Goroutines uint64 `json:"goroutines"`
}

// Status returns how the demo stands.
func (d *Demo) Status() Status {
	s := Status{
		Uptime: time.Since(d.began).Seconds(), Delay: d.cfg.Delay.Milliseconds(), Bitrate: int64(d.cfg.Bitrate),
		Memory: memory(),
	}
	var starts, delays []float64
	for _, v := range d.all {
		one := v.status()
		s.Viewers = append(s.Viewers, one)
		s.Total.add(one.counts)
		if one.State == "playing" {
			s.Total.Playing++
			starts, delays = append(starts, float64(one.Start)), append(delays, float64(one.Delay))
		}
	}
	s.Total.Viewers = len(d.all)
	s.Total.Offload = s.Total.offload()
	s.Total.Ceiling = 1 - 1/float64(len(d.all))
	s.Total.StartP50, s.Total.StartP95 = bench.Quantile(starts, 0.5), bench.Quantile(starts, 0.95)
	s.Total.DelayP50, s.Total.DelayP95 = bench.Quantile(delays, 0.5), bench.Quantile(delays, 0.95)
	return s
}

func (v *viewer) status() ViewerStatus {
	v.mu.Lock()
	stream := v.now
	s := ViewerStatus{Viewer: v.number, State: v.state, Error: v.err, Delay: v.delay.Milliseconds(), counts: v.past}
	v.mu.Unlock()
	if stream != nil {
		stats := stream.Stats()
		s.add(countsOf(&stats))
		s.Peers, s.Start = stats.Peers, max(1, stats.Start.Milliseconds())
	}
	s.Offload = s.offload()
	return s
}

func memory() Memory {
	samples := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/sched/goroutines:goroutines"},
	}
	metrics.Read(samples)
	value := func(i int) uint64 {
		if samples[i].Value.Kind() != metrics.KindUint64 {
			return 0
		}
		return samples[i].Value.Uint64()
	}
	return Memory{Total: value(0) - value(1), Heap: value(2), Goroutines: value(3)}
}
