package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/stage"
)

// soakCommand plays for long in two browsers at once.
type soakCommand struct {
	Duration time.Duration `default:"1h" help:"How long the measured time is."`
	Kbit     int           `default:"4000" help:"Bit rate of the stream, kbit/s."`
	Delay    float64       `default:"6" help:"How far behind live the SDK plays, in seconds."`
	Natives  int           `default:"2" help:"Native peers beside the page."`
	Sample   time.Duration `default:"10s" help:"Time between two readings."`
	Collect  time.Duration `default:"2m" help:"Time between two collections of garbage, which what is held is read after."`
	Table    time.Duration `default:"5m" help:"Time between two lines of the table."`
	Warm     time.Duration `default:"1m" help:"Time before the measured one."`
	Profile  time.Duration `default:"30s" help:"How long the main thread is profiled, before and after the measured time."`
	NoPeers  bool          `help:"Have the page play without peers: what is left is what the SDK costs without WebRTC."`
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

// contender is one of the two browsers.
type contender struct {
	name    string
	ours    bool
	browser *browser
	tab     context.Context
	usage   *usage
}

// Run plays and prints.
func (c *soakCommand) Run(ctx context.Context) error {
	if c.Kbit < 400 || c.Natives < 0 || c.Duration < 4*c.Sample || c.Sample < time.Second || c.Collect < c.Sample {
		return errors.New("at least 400 kbit/s, four samples of a second, and a collection no more often than samples are needed")
	}
	st, err := stage.Start(ctx, stage.Config{
		Bitrate: 1000 * c.Kbit, Past: 8 * time.Second, Handlers: map[string]http.Handler{pagePath: http.HandlerFunc(servePage)},
	})
	if err != nil {
		return err
	}
	defer st.Close() //nolint:errcheck // the end
	for range c.Natives {
		end, err := playNative(ctx, st, time.Duration(c.Delay*float64(time.Second)), false)
		if err != nil {
			return err
		}
		defer end()
	}
	all := []*contender{{name: "superp2p", ours: true}, {name: "mpegts.js"}}
	for _, one := range all {
		if one.browser, err = startBrowser(ctx); err != nil {
			return err
		}
		defer one.browser.end()
		one.usage = newUsage(one.browser.pid)
		one.tab, _, err = one.browser.open(st.ServerURL(), map[string]any{
			"ours": one.ours, "sdk": "/sdk/superp2p.js", "library": "/sdk/mpegts.mjs", "flv": "/live/" + st.Channel() + ".flv",
			"play": []any{st.Channel(), map[string]any{"delay": c.Delay, "httpOnly": c.NoPeers}},
		})
		if err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
	}
	fmt.Printf("%d kbit/s, %v behind live, %d native peers, measured for %v from %v on; a sample each %v, garbage collected each %v\n\n",
		c.Kbit, time.Duration(c.Delay*float64(time.Second)), c.Natives, c.Duration, c.Warm, c.Sample, c.Collect)
	if err := until(ctx, time.Now().Add(c.Warm)); err != nil {
		return err
	}
	if err := c.profiles(all, "before"); err != nil {
		return err
	}
	s := &series{all: all, duration: c.Duration, begun: time.Now()}
	if err := c.watch(ctx, s); err != nil {
		return err
	}
	if err := c.profiles(all, "after"); err != nil {
		return err
	}
	s.verdict()
	return nil
}

// watch samples until the time is over, and prints a line now and then.
func (c *soakCommand) watch(ctx context.Context, s *series) error {
	if err := s.collect(); err != nil {
		return err
	}
	s.head()
	collected, printed := s.begun, s.begun
	for at := s.begun.Add(c.Sample); !at.After(s.begun.Add(c.Duration)); at = at.Add(c.Sample) {
		if err := until(ctx, at); err != nil {
			return err
		}
		if err := s.sample(); err != nil {
			return err
		}
		if at.Sub(collected) >= c.Collect {
			collected = at
			if err := s.collect(); err != nil {
				return err
			}
		}
		if at.Sub(printed) >= c.Table {
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
func (c *soakCommand) profiles(all []*contender, when string) error {
	if c.Profile <= 0 {
		return nil
	}
	for _, one := range all {
		by, functions, err := profile(one.tab, c.Profile)
		if err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		fmt.Printf("main thread, profiled for %v %s the measured time, %s: %s\n", c.Profile, when, one.name, by.text(20))
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
