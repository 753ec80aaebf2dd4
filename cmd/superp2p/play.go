package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/superp2p/superp2p"
)

// Exit statuses of play.
const (
	exitNotStarted = 3
	exitBroken     = 4
)

type playCommand struct {
	Target       string        `arg:"" name:"url|channel" help:"What to play: an rtmp(s)://, rtsp(s):// or http(s)://….flv URL, the http(s) URL of an HLS playlist or of an MP4 or FLV file, or a channel id of the server."`
	Server       string        `default:"http://127.0.0.1:8080" placeholder:"URL" help:"The superp2p server. (default: ${default})"`
	Delay        *seconds      `placeholder:"SECONDS" help:"How far behind live to play, 2 to 30 s. (default: 6, of HLS at least nearly two segments)"`
	Output       string        `short:"o" placeholder:"FILE" help:"Write to this file: .mp4 and .ts in their format, all else as FLV; - is FLV on standard output."`
	Player       string        `enum:",mpv,vlc,ffplay" default:"" placeholder:"NAME" help:"Show it in this player: mpv, vlc or ffplay."`
	Duration     time.Duration `placeholder:"TIME" help:"Stop after this time, 30s say. (default: play on)"`
	JSON         bool          `name:"json" help:"End with one JSON object on standard output (standard error with -o -), and no progress."`
	NoUpload     bool          `name:"no-upload" help:"Give peers nothing."`
	Cache        string        `placeholder:"DIR" help:"Keep what was seen of files in this directory, for later."`
	CacheSize    byteSize      `name:"cache-size" default:"1G" placeholder:"SIZE" help:"At most so much of it. (default: ${default})"`
	StartTimeout time.Duration `name:"start-timeout" default:"10s" placeholder:"TIME" help:"How long the start may take. (default: ${default})"`
	StallTimeout time.Duration `name:"stall-timeout" default:"20s" placeholder:"TIME" help:"How long nothing may arrive on the way. (default: ${default})"`
	Loopback     bool          `hidden:"" help:"Keep peers to this machine."`
	Verbose      bool          `short:"v" help:"Log what happens to standard error."`
}

// Help is shown below the flags by --help.
func (playCommand) Help() string {
	return "Without -o and --player the stream is received, passed on to peers, and thrown away.\n\n" +
		"Examples:\n\n" +
		"  superp2p play live1 --player ffplay\n" +
		"  superp2p play live1 -o live1.mp4\n" +
		"  superp2p play http://cdn.example/live/1.flv -o - | ffmpeg -i - …\n" +
		"  superp2p play https://cdn.example/live/1.m3u8 -o 1.ts\n" +
		"  superp2p play live1 --duration 30s --json\n\n" +
		"Exit status: 0 the stream was played until its end, --duration, Ctrl-C or the end of the player; 2 wrong usage;\n" +
		"3 playing did not start; 4 it broke on the way, or the output could not be written."
}

// Run plays.
func (c *playCommand) Run(ctx context.Context, std stdio) error {
	if c.Duration < 0 {
		return &exitError{exitUsage, errors.New("--duration must not be negative")}
	}
	if c.Output != "" && c.Player != "" {
		return &exitError{exitUsage, errors.New("-o and --player cannot be used together")}
	}
	out, err := c.sink(ctx, std)
	if err != nil {
		return &exitError{exitNotStarted, err}
	}
	level := slog.LevelWarn
	if c.Verbose {
		level = slog.LevelInfo
	}
	log := slog.New(slog.NewTextHandler(std.Err, &slog.HandlerOptions{Level: level}))
	stream, err := superp2p.NewP2PNetStream(superp2p.Config{
		Server: c.Server, NoUpload: c.NoUpload, Loopback: c.Loopback, Logger: log,
		StartTimeout: c.StartTimeout, StallTimeout: c.StallTimeout, Unpaced: c.Output != "" && c.Output != "-",
		CacheDir: c.Cache, CacheBytes: int64(c.CacheSize),
	})
	if err != nil {
		return &exitError{exitNotStarted, err}
	}
	if c.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Duration)
		defer cancel()
	}
	p := &playing{stream: stream, ctx: ctx}
	// Closing the stream ends the Read that waits in it.
	stop := context.AfterFunc(ctx, p.end)
	defer stop()
	lines := startProgress(std.Err, !c.JSON, p.line)
	err = p.run(c.Target, c.Delay.orDefault(), out)
	lines.end()
	p.end()
	r := p.report(c, err)
	if err := c.finish(std, &r); err != nil {
		return err
	}
	switch r.Outcome {
	case "not_started":
		return &exitError{exitNotStarted, r.err}
	case "broken":
		return &exitError{exitBroken, r.err}
	}
	return nil
}

// finish prints the summary.
func (c *playCommand) finish(std stdio, r *playReport) error {
	if !c.JSON {
		_, err := io.WriteString(std.Err, r.summary())
		return err
	}
	w := std.Out
	if c.Output == "-" {
		w = std.Err
	}
	return json.NewEncoder(w).Encode(r)
}

// playing is one run of the command.
type playing struct {
	stream *superp2p.P2PNetStream
	ctx    context.Context
	once   sync.Once

	mu      sync.Mutex
	began   time.Time
	ended   time.Time
	stats   superp2p.Stats // at the end
	written int64
	got     bool  // something to write has come
	outErr  error // the output could not be written
}

// errOutputDone says that whoever reads the output has had enough, which is no failure.
var errOutputDone = errors.New("the output was closed")

// run plays until the end and returns why it ended; nil for an end that is none of our failures. An output that takes
// nothing any more does not hold up the end.
func (p *playing) run(target string, delay time.Duration, out sink) error {
	p.mu.Lock()
	p.began = time.Now()
	p.mu.Unlock()
	done := make(chan error, 1)
	go func() { done <- p.play(target, delay, out) }()
	select {
	case err := <-done:
		return err
	case <-p.ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(2 * time.Second):
		return nil
	}
}

func (p *playing) play(target string, delay time.Duration, out sink) error {
	err := p.stream.Play(target, &superp2p.PlayConfig{Delay: delay})
	if err == nil {
		_, err = p.stream.WriteTo(writerFunc(func(b []byte) (int, error) {
			n, err := out.Write(b)
			p.mu.Lock()
			defer p.mu.Unlock()
			p.written = out.written()
			p.got = p.got || n > 0
			p.outErr = err
			return n, err
		}))
	}
	closeErr := out.Close()
	p.mu.Lock()
	p.written = out.written()
	if p.got && closeErr != nil && p.outErr == nil {
		p.outErr = closeErr
	}
	p.mu.Unlock()
	if err == nil {
		err = closeErr
	}
	if p.ctx.Err() != nil || errors.Is(err, errOutputDone) {
		return nil
	}
	return err
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// end closes the stream and keeps its last figures.
func (p *playing) end() {
	p.once.Do(func() {
		stats := p.stream.Stats()
		_ = p.stream.Close()
		p.mu.Lock()
		defer p.mu.Unlock()
		p.stats, p.ended = stats, time.Now()
	})
}

// line is the progress of now.
func (p *playing) line() string {
	s := p.stream.Stats()
	p.mu.Lock()
	lasted := time.Since(p.began)
	p.mu.Unlock()
	if s.Start == 0 {
		return fmt.Sprintf("%s  starting", clock(lasted))
	}
	if s.Length > 0 {
		const width = 20
		done := int(width * min(1, s.Position.Seconds()/s.Length.Seconds()))
		return fmt.Sprintf("%s of %s [%s%s]  %d peers  offload %.1f %%  %s", clock(s.Position), clock(s.Length),
			strings.Repeat("=", done), strings.Repeat(" ", width-done), s.Peers, 100*s.Offload, size(s.PeerBytes+s.ServerBytes))
	}
	line := fmt.Sprintf("%s  %.2f Mbit/s  %d peers  offload %.1f %%  %.1f s behind live  %s", clock(lasted),
		s.Bitrate/1e6, s.Peers, 100*s.Offload, s.LiveDelay.Seconds(), size(s.PeerBytes+s.ServerBytes))
	if s.Stalls > 0 {
		line += fmt.Sprintf("  stalls %d", s.Stalls)
	}
	return line
}

// playReport is what play ends with. Times are in seconds or, where the key says so, milliseconds.
type playReport struct {
	Target  string `json:"target"`
	Server  string `json:"server"`
	Outcome string `json:"outcome"` // "ended", "stopped" (Ctrl-C, --duration, player closed), "not_started" or "broken"
	Error   *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error,omitempty"`
	Seconds float64 `json:"seconds"`
	Written int64   `json:"written_bytes"`
	superp2p.Stats
	Start    int64   `json:"start_ms"`
	Delay    int64   `json:"delay_ms"`
	Played   float64 `json:"played_s"`
	StallFor int64   `json:"stall_ms"`

	err error
}

func (p *playing) report(c *playCommand, err error) playReport {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := playReport{
		Target: c.Target, Server: c.Server, Outcome: "ended", Seconds: p.ended.Sub(p.began).Seconds(),
		Written: p.written, Stats: p.stats,
		Start: p.stats.Start.Milliseconds(), Delay: p.stats.LiveDelay.Milliseconds(), Played: p.stats.Played.Seconds(),
		StallFor: p.stats.Stall.Milliseconds(), err: err,
	}
	switch {
	case err != nil:
		r.Outcome = "broken"
		if !p.got && p.outErr == nil {
			r.Outcome = "not_started"
		}
		r.Error = &struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		}{string(superp2p.CodeOf(err)), err.Error()}
		if p.outErr != nil {
			r.Error.Code = "output"
		}
	case p.ctx.Err() != nil || errors.Is(p.outErr, errOutputDone):
		r.Outcome = "stopped"
	}
	return r
}

func (r *playReport) summary() string {
	s := &r.Stats
	if s.PeerBytes+s.ServerBytes == 0 {
		return ""
	}
	text := fmt.Sprintf("played %.1f s of %s, %.1f s behind live, after a start of %d ms; stalls: %d",
		r.Played, r.Target, float64(r.Delay)/1000, r.Start, s.Stalls)
	if s.Length > 0 {
		text = fmt.Sprintf("read %s up to %s of %s, after a start of %d ms", r.Target, clock(s.Position), clock(s.Length), r.Start)
	}
	if s.Stalls > 0 {
		text += fmt.Sprintf(" (%.1f s)", float64(r.StallFor)/1000)
	}
	text += fmt.Sprintf("\nfrom peers %s, from the server %s: offload %.1f %%; given to peers %s\n", size(s.PeerBytes),
		size(s.ServerBytes), 100*s.Offload, size(s.UploadBytes))
	if r.Written > 0 {
		text += fmt.Sprintf("written %s\n", size(uint64(r.Written)))
	}
	return text
}

// seconds is a time on the command line: a number of seconds, or a Go duration.
type seconds time.Duration

// orDefault returns the delay that was asked for, 0 for the default if none was: 0 itself is out of range here, so that it
// is returned as the least that is more.
func (s *seconds) orDefault() time.Duration {
	if s == nil {
		return 0
	}
	return max(1, time.Duration(*s))
}

// UnmarshalText reads "6", "2.5" and "6s".
func (s *seconds) UnmarshalText(text []byte) error {
	if d, err := time.ParseDuration(string(text)); err == nil {
		*s = seconds(d)
		return nil
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return fmt.Errorf("%q is no number of seconds; write 6, 2.5 or 6s", text)
	}
	*s = seconds(max(-3600, min(f, 3600)) * float64(time.Second))
	return nil
}

func clock(d time.Duration) string {
	s := int(d.Seconds())
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%02d:%02d", s/60, s%60)
}

// size writes a number of bytes for people, in powers of 1000.
func size(n uint64) string {
	f, unit := float64(n), 0
	for f >= 999.95 && unit < 4 {
		f /= 1000
		unit++
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %cB", f, "_kMGT"[unit])
}
