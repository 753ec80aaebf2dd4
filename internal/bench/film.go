package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/stage"
)

// film is a file at an origin of its own, whose bytes nobody can take for others.
type film struct {
	server  *http.Server
	url     string
	content []byte
	given   atomic.Int64 // bytes
}

// newFilm serves a file that lasts so long at a rate in bit/s.
func newFilm(lasts time.Duration, bitrate int) (*film, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "no address for the origin", err)
	}
	f := &film{content: make([]byte, int(lasts.Seconds()*float64(bitrate)/8)), url: "http://" + l.Addr().String() + "/film.mp4"}
	_, _ = rand.NewChaCha8([32]byte{}).Read(f.content)
	modified := time.Now()
	f.server = &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(&counted{w, &f.given}, r, "", modified, bytes.NewReader(f.content))
	})}
	go func() { _ = f.server.Serve(l) }() // until Close
	return f, nil
}

// counted counts the bytes of answers.
type counted struct {
	http.ResponseWriter
	bytes *atomic.Int64
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.bytes.Add(int64(n))
	return n, err
}

// buffer is how much a player of a file likes to have in hand.
const buffer = 10 * time.Second

// runFilm has an audience play a file, each from its start when it comes.
func runFilm(ctx context.Context, c Config) (*Result, error) {
	f, err := newFilm(c.Duration, c.Bitrate)
	if err != nil {
		return nil, err
	}
	defer f.server.Close() //nolint:errcheck // the run is over
	st, err := stage.Start(ctx, stage.Config{
		Channel: "bench", Logger: c.Logger, Adjust: func(s *config.Config) { s.Origins = []string{"127.0.0.1"} },
	})
	if err != nil {
		return nil, err
	}
	defer st.Close() //nolint:errcheck // the run is over
	began, cpu := time.Now(), cpuTime()
	c.Progress(fmt.Sprintf("%d viewers come within %s to a file of %s", c.Viewers, c.Stagger, c.Duration))
	audience := make([]*filmViewer, c.Viewers)
	var all sync.WaitGroup
	for i := range audience {
		v := &filmViewer{}
		audience[i] = v
		all.Go(func() {
			if sleep(ctx, c.Stagger*time.Duration(i)/time.Duration(max(1, c.Viewers-1))) == nil {
				v.watch(ctx, c, st.ServerURL(), f)
			}
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	r := &Result{Viewers: c.Viewers, Duration: time.Since(began).Seconds(), Bitrate: int64(c.Bitrate), Ceiling: 1 - 1/float64(c.Viewers)}
	players := make([]*played, len(audience))
	for i, v := range audience {
		players[i] = &v.played
	}
	sum := r.fill(players, cpuTime()-cpu)
	r.OffloadSession, r.OffloadSteady = offload(&sum), offload(&sum)
	r.EgressSession = float64(f.given.Load()) / float64(len(f.content))
	r.EgressCopies, r.StreamBitrate = r.EgressSession, int64(c.Bitrate)
	return r, nil
}

// played is what a viewer measured that plays as a player does.
type played struct {
	last   superp2p.Stats // at the end
	start  time.Duration
	stalls int
	stall  time.Duration
	bad    int64 // what it got that is not the origin's
	err    error
}

// fill fills in what all viewers measured and the state of the process, and returns the sum of their counts.
func (r *Result) fill(players []*played, cpu time.Duration) (sum superp2p.Stats) {
	var starts, peers []float64
	for _, v := range players {
		addTo(&sum, &v.last)
		if v.err != nil {
			r.FailedViewers++
			r.Errors = append(r.Errors, v.err.Error())
		}
		if v.stall > 0 {
			r.StalledViewers++
		}
		r.Stalls += v.stalls
		r.StallTotal += milliseconds(v.stall)
		r.BadTags += v.bad
		starts, peers = append(starts, milliseconds(v.start)), append(peers, float64(v.last.Peers))
	}
	r.ControlShare, r.DuplicateShare = share(sum.ControlBytes, media(&sum)), share(sum.DuplicateBytes, media(&sum))
	r.ProofShare = share(sum.ProofBytes, media(&sum))
	r.DeliveredBytes, r.PeerBytes, r.ServerBytes = int64(media(&sum)), int64(sum.PeerBytes), int64(sum.ServerBytes)
	r.BadBytes = int64(sum.BadBytes)
	r.StartP50, r.StartP95, r.StartMax = Quantile(starts, 0.5), Quantile(starts, 0.95), Quantile(starts, 1)
	r.PeersP50 = Quantile(peers, 0.5)
	r.Goroutines = runtime.NumGoroutine()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	r.MemoryBytes, r.HeapBytes = int64(memory.Sys-memory.HeapReleased), int64(memory.HeapAlloc)
	if all := media(&sum); all > 0 {
		r.CPUPerGB = cpu.Seconds() / (float64(all) / 1e9)
	}
	return sum
}

// filmViewer plays a file as a player does: it reads ahead until its buffer is full, and stalls when it is empty.
type filmViewer struct{ played }

func (v *filmViewer) watch(ctx context.Context, c Config, server string, f *film) {
	opened := time.Now()
	p, err := superp2p.Open(ctx, superp2p.Config{Server: server, Loopback: true, Logger: c.Logger}, f.url, nil)
	if err != nil {
		v.err = err
		return
	}
	defer func() { v.last = p.Stats(); _ = p.Close() }()
	rate := float64(c.Bitrate) / 8
	b := make([]byte, 32<<10)
	var clock time.Time // when a player that has not stalled since would have begun
	for at := 0; ; {
		n, err := p.ReadFile(ctx, b, int64(at))
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			v.err = err
			return
		}
		if !bytes.Equal(b[:n], f.content[at:at+n]) {
			v.bad++
		}
		now, played := time.Now(), time.Duration(float64(at)/rate*float64(time.Second))
		if at == 0 {
			v.start, clock = now.Sub(opened), now
		}
		at += n
		if late := now.Sub(clock.Add(played)); late > 0 && v.start > 0 && at > n {
			v.stalls++
			v.stall += late
			clock = clock.Add(late)
		}
		if ahead := clock.Add(played).Sub(now) - buffer; ahead > 0 && sleep(ctx, ahead) != nil {
			return
		}
	}
}
