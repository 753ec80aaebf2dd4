package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"time"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/chromium"
	"github.com/superp2p/superp2p/internal/stage"
)

// soak plays for long in two browsers at once.
type soak struct {
	duration time.Duration
	kbit     int
	delay    float64
	natives  int
	sample   time.Duration
	collect  time.Duration
	table    time.Duration
	warm     time.Duration
	profile  time.Duration
	noPeers  bool
	control  bool
}

// newSoak reads the settings and returns what measures by them.
func newSoak(flags *flag.FlagSet) func(context.Context) error {
	var c soak
	flags.DurationVar(&c.duration, "duration", time.Hour, "how long the measured time is")
	flags.IntVar(&c.kbit, "kbit", 4000, "bit rate of the stream, kbit/s")
	flags.Float64Var(&c.delay, "delay", 6, "how far behind live the SDK plays, in seconds")
	flags.IntVar(&c.natives, "natives", 2, "native peers beside the page")
	flags.DurationVar(&c.sample, "sample", 10*time.Second, "time between two readings")
	flags.DurationVar(&c.collect, "collect", 2*time.Minute, "time between two collections of garbage, which what is held is read after")
	flags.DurationVar(&c.table, "table", 5*time.Minute, "time between two lines of the table")
	flags.DurationVar(&c.warm, "warm", time.Minute, "time before the measured one")
	flags.DurationVar(&c.profile, "profile", 30*time.Second, "how long the main thread is profiled, before and after the measured time")
	flags.BoolVar(&c.noPeers, "no-peers", false, "have the page play without peers: what is left is what the SDK costs without WebRTC")
	flags.BoolVar(&c.control, "control", false, "have a third browser play by mpegts.js and trade as many bytes over a bare data channel: what WebRTC alone costs")
	return c.run
}

// figures is what viewer.html counts since it was opened.
type figures struct {
	First     float64 `json:"first"` // ms from navigation to the first frame
	Stalls    int     `json:"stalls"`
	StalledMS float64 `json:"stalledMs"`
	Position  float64 `json:"position"` // seconds
	Ahead     float64 `json:"ahead"`    // seconds held
	Rate      float64 `json:"rate"`     // of playback
	Dropped   int     `json:"dropped"`
	Frames    int     `json:"frames"`
	Delay     float64 `json:"delay"` // seconds behind live, by the SDK
	Peers     int     `json:"peers"`
	Links     int     `json:"links"` // in all
	Wasm      float64 `json:"wasm"`  // bytes of the engine's memory

	FromPeers  float64 `json:"fromPeers"` // bytes of media
	FromServer float64 `json:"fromServer"`
	Uploaded   float64 `json:"uploaded"`

	Errors []string `json:"errors"`
	Codes  []string `json:"codes"`
}

// contender is one of the browsers.
type contender struct {
	name    string
	ours    bool
	control *control // whose data channel it has, if any
	browser *chromium.Browser
	tab     context.Context
	usage   *usage
}

// run plays and prints.
func (c *soak) run(ctx context.Context) error {
	if c.kbit < 400 || c.natives < 0 || c.duration < 4*c.sample || c.sample < time.Second || c.collect < c.sample {
		return errors.New("at least 400 kbit/s, four samples of a second, and a collection no more often than samples are needed")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	bare := &control{ctx: ctx}
	st, err := stage.Start(ctx, stage.Config{
		Bitrate: 1000 * c.kbit, Past: 8 * time.Second,
		Handlers: map[string]http.Handler{pagePath: http.HandlerFunc(servePage), controlPath: bare},
	})
	if err != nil {
		return err
	}
	defer st.Close() //nolint:errcheck // the end
	for range c.natives {
		end, err := playNative(ctx, st, time.Duration(c.delay*float64(time.Second)), false)
		if err != nil {
			return err
		}
		defer end()
	}
	defer func() { cancel(); bare.wg.Wait() }()
	all := []*contender{{name: "superp2p", ours: true}, {name: "mpegts.js"}}
	if c.control {
		all = append(all, &contender{name: "control", control: bare})
	}
	for _, one := range all {
		if one.browser, err = chromium.Start(ctx); err != nil {
			return err
		}
		defer one.browser.End()
		one.usage = newUsage(one.browser.PID)
		channel := ""
		if one.control != nil {
			channel = controlPath
		}
		one.tab, _, err = openViewer(one.browser, st.ServerURL(), map[string]any{
			"channel": channel,
			"ours":    one.ours, "sdk": "/sdk/superp2p.js", "library": "/sdk/mpegts.mjs", "flv": "/live/" + st.Channel() + ".flv",
			"play": []any{st.Channel(), map[string]any{"delay": c.delay, "httpOnly": c.noPeers}},
		})
		if err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
	}
	fmt.Printf("%d kbit/s, %v behind live, %d native peers, measured for %v from %v on; a sample each %v, garbage collected each %v\n\n",
		c.kbit, time.Duration(c.delay*float64(time.Second)), c.natives, c.duration, c.warm, c.sample, c.collect)
	if err := c.warmUp(ctx, all, bare); err != nil {
		return err
	}
	if err := c.profiles(all, "before"); err != nil {
		return err
	}
	s := &series{all: all, duration: c.duration, begun: time.Now()}
	if err := c.watch(ctx, s); err != nil {
		return err
	}
	if err := c.profiles(all, "after"); err != nil {
		return err
	}
	s.verdict()
	return nil
}

// warmUp waits, and has the control do from its last third on what the SDK does.
func (c *soak) warmUp(ctx context.Context, all []*contender, bare *control) error {
	if err := until(ctx, time.Now().Add(c.warm*2/3)); err != nil {
		return err
	}
	from, begun := all[0], time.Now()
	before, err := read[figures](from.tab, "figures()")
	if err != nil {
		return err
	}
	if err := until(ctx, begun.Add(c.warm/6)); err != nil {
		return err
	}
	now, err := read[figures](from.tab, "figures()")
	if err != nil {
		return err
	}
	bare.follow(before, now, time.Since(begun))
	return until(ctx, begun.Add(c.warm/3))
}

// watch samples until the time is over, and prints a line now and then.
func (c *soak) watch(ctx context.Context, s *series) error {
	if err := s.collect(); err != nil {
		return err
	}
	s.head()
	collected, printed := s.begun, s.begun
	for at := s.begun.Add(c.sample); !at.After(s.begun.Add(c.duration)); at = at.Add(c.sample) {
		if err := until(ctx, at); err != nil {
			return err
		}
		if err := s.sample(); err != nil {
			return err
		}
		if at.Sub(collected) >= c.collect {
			collected = at
			if err := s.collect(); err != nil {
				return err
			}
		}
		if at.Sub(printed) >= c.table {
			printed = at
			s.line()
		}
	}
	if err := s.collect(); err != nil {
		return err
	}
	s.line()
	return nil
}

// profiles prints what main threads do.
func (c *soak) profiles(all []*contender, when string) error {
	if c.profile <= 0 {
		return nil
	}
	for _, one := range all {
		by, functions, err := profile(one.tab, c.profile)
		if err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		fmt.Printf("main thread, profiled for %v %s the measured time, %s: %s\n", c.profile, when, one.name, by.text(20))
		fmt.Println("  of it:", functions.text(25))
	}
	fmt.Println()
	return nil
}

// playNative starts a native peer, or a viewer that is none, and returns what ends it.
func playNative(ctx context.Context, st *stage.Stage, delay time.Duration, alone bool) (func(), error) {
	stream, err := superp2p.NewP2PNetStream(superp2p.Config{Server: st.ServerURL(), Unpaced: true, NoPeers: alone})
	if err != nil {
		return nil, err
	}
	if err := stream.Play(st.Channel(), &superp2p.PlayConfig{Delay: delay}); err != nil {
		return nil, errors.Join(err, stream.Close())
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 64<<10)
		for ctx.Err() == nil {
			if _, err := stream.Read(buffer); err != nil {
				return
			}
		}
	}()
	return func() { _ = stream.Close(); <-done }, nil
}
